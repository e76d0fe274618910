#include <filesystem>
#include <ostream>
#include <vector>

#include "../checkpoint_output.h"
#include "../checkpoint_source.h"
#include "../command.h"
#include "../flags.h"
#include "sfumato/base/error.h"
#include "sfumato/checkpoint/merge_checkpoints.h"
#include "sfumato/family/checkpoint_names.h"

namespace sfumato::cli {
namespace {
namespace fs = std::filesystem;

struct MergeOptions {
  double alpha = 0.5;
  std::string blocks, family;
  bool no_ema = false;
};
constexpr std::array kMergeFields{
    Field<MergeOptions>{"alpha", &MergeOptions::alpha,
                        "how much of the other: (1-X) A + X B, or with three A + X (B - C)", -10,
                        10},
    Field<MergeOptions>{"blocks", &MergeOptions::blocks,
                        "25 numbers instead of alpha for the U-Net: IN00-11, M00, OUT00-11"},
    Field<MergeOptions>{"no-ema", &MergeOptions::no_ema,
                        "take the last weights of training instead of the averaged ones"},
    Field<MergeOptions>{"family", &MergeOptions::family,
                        "family of checkpoints that cannot tell it"},
};

struct MergeLine {
  std::vector<std::string> inputs;
  std::string out;
  MergeOptions options;
  OutputOptions output;

  bool parse(std::span<const char* const> args, std::ostream& to) {
    Flags flags("sfumato merge", "mixes the weights of two checkpoints, or adds a difference");
    flags.add_positional("CHECKPOINT", "A B OUT, or A B C OUT to add the difference B - C to A", 4,
                         [this](std::string_view word) { inputs.emplace_back(word); });
    flags.add<MergeOptions>(options, kMergeFields);
    flags.add<OutputOptions>(output, kCheckpointOutputFields, "output");
    if (!flags.parse(args, to)) return false;
    if (inputs.size() < 3) {
      throw Error(ErrorKind::InvalidArgument, "expected A B OUT or A B C OUT",
                  "try: sfumato merge a.safetensors b.safetensors mixed.safetensors --alpha 0.3");
    }
    out = std::move(inputs.back());
    inputs.pop_back();
    return true;
  }
};

/// What the model needs of a checkpoint, its averaged weights in place of the last ones.
TensorMap weights_of(Checkpoint checkpoint, const ModelConfig& config,
                     const MergeOptions& options) {
  return needed_tensors(std::move(checkpoint.tensors), config, !options.no_ema);
}

std::string recipe(const MergeLine& line) {
  nlohmann::ordered_json json{{"inputs", nlohmann::ordered_json::array()},
                              {"alpha", line.options.alpha}};
  for (const auto& input : line.inputs) {
    json["inputs"].push_back(fs::path(input).filename().string());
  }
  if (!line.options.blocks.empty()) json["blocks"] = line.options.blocks;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void run_merge(std::span<const char* const> args, Streams io) {
  MergeLine line;
  if (!line.parse(args, io.out)) return;
  const MergeOptions& options = line.options;
  const CheckpointOutput output(line.out, line.output);
  MergeWeights weights{.alpha = options.alpha};
  if (!options.blocks.empty()) weights.blocks = parse_merge_blocks(options.blocks);
  for (const auto& input : line.inputs) {
    if (!fs::exists(input)) throw Error(ErrorKind::NotFound, "no such file: " + input);
    if (const auto file = single_weights_file(input)) output.expect_other_than(*file);
  }

  Checkpoint first = read_checkpoint(line.inputs[0]);
  const auto known = family_if_known(line.inputs[0], options.family, first);
  const auto family = [&] {
    return known ? *known : family_of(line.inputs[0], options.family, first).config;
  };
  const ModelConfig usual = known.value_or(ModelConfig{});
  weights.unet = usual.checkpoint.unet;
  std::vector<TensorMap> tensors{weights_of(first, usual, options)};
  for (std::size_t i = 1; i < line.inputs.size(); ++i) {
    tensors.push_back(weights_of(read_checkpoint(line.inputs[i]), usual, options));
  }
  io.cancel.throw_if_cancelled();

  const NamedTensors a{tensors[0], line.inputs[0]}, b{tensors[1], line.inputs[1]};
  Checkpoint merged{tensors.size() == 2
                        ? weighted_sum(a, b, weights)
                        : add_difference(a, b, {tensors[2], line.inputs[2]}, weights),
                    first.metadata, first.format};
  merged.metadata["sfumato.merge"] = recipe(line);
  output.write(merged, family, line.inputs[0], io.err);
  io.out << output.path().string() << "\n";
}

}  // namespace

const Command merge{
    .name = "merge", .summary = "mix the weights of two or three checkpoints", .run = run_merge};

}  // namespace sfumato::cli
