#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include "../checkpoint_output.h"
#include "../checkpoint_source.h"
#include "../command.h"
#include "../flags.h"
#include "sfumato/adapters/merged_adapters.h"
#include "sfumato/base/error.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/split_files.h"

namespace sfumato::cli {
namespace {
namespace fs = std::filesystem;

struct ConvertOptions {
  std::string family, vae;
  bool no_ema = false;
};
constexpr std::array kConvertFields{
    Field<ConvertOptions>{"vae", &ConvertOptions::vae,
                          "a file whose autoencoder takes the place of IN's"},
    Field<ConvertOptions>{"no-ema", &ConvertOptions::no_ema,
                          "keep the last weights of training instead of the averaged ones"},
    Field<ConvertOptions>{"family", &ConvertOptions::family,
                          "family of a checkpoint that cannot tell it"},
};

struct Lora {
  fs::path file;
  double weight = 1.0;
};

/// "FILE" or "FILE:0.8"; a file whose name has the colon is that file.
Lora parse_baked_lora(std::string_view text) {
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

struct ConvertLine {
  std::vector<std::string> words;  ///< IN, OUT
  ConvertOptions options;
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
    flags.add<ConvertOptions>(options, kConvertFields);
    flags.add_repeated("lora", "FILE[:X]",
                       "an adapter to bake in, with its strength; may be given several times",
                       [this](std::string_view text) { loras.push_back(parse_baked_lora(text)); });
    if (!flags.parse(args, out)) return false;
    if (words.size() == 2) return true;
    throw Error(ErrorKind::InvalidArgument,
                words.empty() ? "no checkpoint given" : "no name for the output given",
                "try: sfumato convert model.ckpt model.safetensors");
  }
};

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

void run_convert(std::span<const char* const> args, Streams io) {
  ConvertLine line;
  if (!line.parse(args, io.out)) return;
  const std::string& in = line.words[0];
  const CheckpointOutput output(line.words[1], line.output);
  if (!fs::exists(in)) throw Error(ErrorKind::NotFound, "no such file: " + in);
  if (const auto file = single_weights_file(in)) output.expect_other_than(*file);

  Checkpoint checkpoint = read_checkpoint(in);
  const auto known = family_if_known(in, line.options.family, checkpoint);
  const auto family = [&] {
    return known ? *known : family_of(in, line.options.family, checkpoint).config;
  };
  // Where the family does not matter, every one keeps its parts in the usual places.
  const ModelConfig usual = known.value_or(ModelConfig{});
  checkpoint.tensors = with_one_unet(std::move(checkpoint.tensors), usual, !line.options.no_ema);
  checkpoint = with_split_files(std::move(checkpoint), {.vae = line.options.vae}, &usual);
  if (!line.loras.empty()) bake_loras(checkpoint.tensors, line.loras, family(), io.err);
  io.cancel.throw_if_cancelled();
  output.write(checkpoint, family, in, io.err);
  io.out << output.path().string() << "\n";
}

}  // namespace

const Command convert{.name = "convert",
                      .summary = "write a checkpoint in another layout or type",
                      .run = run_convert};

}  // namespace sfumato::cli
