#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <ostream>
#include <vector>

#include "../checkpoint_output.h"
#include "../checkpoint_source.h"
#include "../command.h"
#include "../flags.h"
#include "sfumato/adapters/merged_adapters.h"
#include "sfumato/base/error.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/split_part.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/tensor/shape.h"

namespace sfumato::cli {
namespace {
namespace fs = std::filesystem;

struct Options {
  std::string family, vae;
  bool no_ema = false;
};
constexpr std::array kOptionFields{
    Field<Options>{"vae", &Options::vae, "a file whose autoencoder takes the place of IN's"},
    Field<Options>{"no-ema", &Options::no_ema,
                   "keep the last weights of training instead of the averaged ones"},
    Field<Options>{"family", &Options::family, "family of a checkpoint that cannot tell it"},
};

struct Lora {
  fs::path file;
  double weight = 1.0;
};

/// "FILE" or "FILE:0.8"; a file whose name has the colon is that file.
Lora parse_lora(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || fs::exists(text)) return {fs::path(text), 1.0};
  Lora lora{fs::path(text.substr(0, colon)), 0.0};
  const std::string_view number = text.substr(colon + 1);
  const auto read = std::from_chars(number.data(), number.data() + number.size(), lora.weight);
  if (read.ec != std::errc() || read.ptr != number.data() + number.size() ||
      !std::isfinite(lora.weight)) {
    throw Error(ErrorKind::InvalidArgument,
                "--lora: expected a number after the colon, found '" + std::string(number) + "'",
                "for example --lora style.safetensors:0.8");
  }
  return lora;
}

struct CommandLine {
  std::vector<std::string> words;  ///< IN, OUT
  Options options;
  OutputOptions output;
  std::vector<Lora> loras;

  bool parse(std::span<const char* const> args, std::ostream& out) {
    Flags flags("sfumato convert",
                "writes a checkpoint in another layout or type, with other parts baked in");
    const auto take = [this](std::string_view word) { words.emplace_back(word); };
    flags.add_positional("IN", "checkpoint file (.safetensors, .ckpt, .gguf) or folder", 1, take);
    flags.add_positional("OUT", "FILE.safetensors, FILE.gguf or FOLDER/ (as diffusers has it)", 1,
                         take);
    flags.add<OutputOptions>(output, kCheckpointOutputFields);
    flags.add<Options>(options, kOptionFields);
    flags.add_repeated("lora", "FILE[:X]",
                       "an adapter to bake in, with its strength; may be given several times",
                       [this](std::string_view text) { loras.push_back(parse_lora(text)); });
    if (!flags.parse(args, out)) return false;
    if (words.size() == 2) return true;
    throw Error(ErrorKind::InvalidArgument,
                words.empty() ? "no checkpoint given" : "no name for the output given",
                "try: sfumato convert model.ckpt model.safetensors");
  }
};

// What is replaced tells what has to come, if there is anything.
void expect_same_shapes(const TensorMap& old, const TensorMap& fresh, const std::string& file) {
  if (old.empty()) return;
  const LoadReport report = compare(old, fresh);
  if (!report.missing.empty()) {
    throw Error(ErrorKind::Corrupt, file + ": its autoencoder has no '" + report.missing[0] + "'",
                "it belongs to another family");
  }
  if (!report.misshapen.empty()) {
    const auto& first = report.misshapen[0];
    throw Error(ErrorKind::Corrupt,
                file + ": tensor '" + first.name + "' is " + shape_string(first.in_file) +
                    ", the checkpoint's " + shape_string(first.in_model),
                "it belongs to another family");
  }
}

void bake_vae(TensorMap& tensors, const std::string& file, const ModelConfig& config) {
  const std::string& prefix = config.checkpoint.autoencoder;
  TensorMap fresh = split_part(open_checkpoint(file).tensors, DiffusersPart::Vae, prefix, file);
  TensorMap old;
  for (auto it = tensors.lower_bound(prefix); it != tensors.end();) {
    if (!it->first.starts_with(prefix)) break;
    if (!is_ignored(it->first, config)) old.insert(*it);
    it = tensors.erase(it);
  }
  expect_same_shapes(old, fresh, file);
  tensors.merge(fresh);
}

void bake_loras(const TensorMap& tensors, const std::vector<Lora>& loras, const ModelConfig& config,
                std::ostream& err) {
  std::vector<AdapterUse> uses;
  for (const auto& lora : loras) {
    uses.push_back({.adapter = std::make_shared<const Adapter>(read_adapter(lora.file)),
                    .text_encoder = lora.weight,
                    .unet = lora.weight});
  }
  MergedAdapters merged(AdapterNames(config, tensors), tensors);
  for (const auto& line : merged.set(std::move(uses))) err << line << "\n";
}

void run(std::span<const char* const> args, Streams io) {
  CommandLine line;
  if (!line.parse(args, io.out)) return;
  const std::string& in = line.words[0];
  const CheckpointOutput output(line.words[1], line.output);
  if (!fs::exists(in)) throw Error(ErrorKind::NotFound, "no such file: " + in);
  if (const auto file = single_weights_file(in)) output.expect_other_than(*file);

  Checkpoint checkpoint = read_checkpoint(in);
  const auto known = family_if_known(in, line.options.family, checkpoint);
  const auto family = [&] {
    return known ? *known : family_of(in, line.options.family, checkpoint);
  };
  // Where the family does not matter, every one keeps its parts in the usual places.
  const ModelConfig usual = known.value_or(ModelConfig{});
  checkpoint.tensors = with_one_unet(std::move(checkpoint.tensors), usual, !line.options.no_ema);
  if (!line.options.vae.empty()) bake_vae(checkpoint.tensors, line.options.vae, usual);
  if (!line.loras.empty()) bake_loras(checkpoint.tensors, line.loras, family(), io.err);
  io.cancel.throw_if_cancelled();
  output.write(checkpoint, family, io.err);
  io.out << output.path().string() << "\n";
}

}  // namespace

const Command convert{
    .name = "convert", .summary = "write a checkpoint in another layout or type", .run = run};

}  // namespace sfumato::cli
