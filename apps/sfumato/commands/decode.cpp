#include "sfumato/tasks/decode.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <ostream>
#include <string>

#include "../command.h"
#include "../flags.h"
#include "../model_options.h"
#include "../output_path.h"
#include "../painting.h"
#include "sfumato/base/error.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/tensor/pixels.h"
#include "sfumato/tensor/shape.h"

namespace sfumato::cli {
namespace {

struct KeptLatent {
  at::Tensor latent;  // [1, C, h, w]
  ImageText text;
};

KeptLatent read_latent(const std::string& path, const Model& model) {
  KeptLatent kept;
  const TensorMap tensors = load_safetensors(path, &kept.text);
  const auto found = tensors.find(kLatentName);
  if (found == tensors.end()) {
    throw Error(ErrorKind::Corrupt, path + ": it has no tensor '" + kLatentName + "'",
                "give a file that painting left, NAME.latent.safetensors");
  }
  kept.latent = found->second.to(model.device, at::kFloat);
  expect_shape(kept.latent, {1, model.config.latent.channels, -1, -1}, path.c_str());
  return kept;
}

Observer decode_observer(const Streams& io) {
  Observer observer;
  observer.cancel = io.cancel;
  observer.on_note = [&err = io.err](const std::string& line) { err << line << "\n"; };
  return observer;
}

void run_decode(std::span<const char* const> args, Streams io) {
  std::string path;
  ModelOptions options;
  OutputPlace place;
  Flags flags("sfumato decode", "makes the picture of a latent that painting could not decode");
  flags.add_positional("LATENT", "FILE.latent.safetensors", 1,
                       [&](std::string_view word) { path = word; });
  flags.add<ModelOptions>(options, kModelFields, "model");
  flags.add<OutputPlace>(place, kOutputPlaceFields, "output");
  if (!flags.parse(args, io.out)) return;
  if (path.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no latent given",
                "try: sfumato decode out/picture.latent.safetensors");
  }
  const OutputPath output(place, 1);
  const Model model = open_model(options, io.err);
  const at::NoGradGuard no_grad;
  const KeptLatent kept = read_latent(path, model);
  const Image image = to_images(decode_batch(model, kept.latent, decode_observer(io))).front();
  const std::string stem = std::filesystem::path(path).stem().stem().string();
  OutputFacts facts{.prompt = stem, .number = static_cast<std::uint64_t>(image.width)};
  facts.for_pattern.prompt = stem;
  facts.for_pattern.width = image.width;
  facts.for_pattern.height = image.height;
  facts.for_pattern.time = local_time();
  io.out << output.write(image, kept.text, facts, io.err).string() << std::endl;
}

}  // namespace

const Command decode{
    .name = "decode", .summary = "decode a latent that painting has kept", .run = run_decode};

}  // namespace sfumato::cli
