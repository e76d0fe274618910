#include "sfumato/training/trained_parts.h"

#include <ATen/ATen.h>

#include <cstdio>
#include <sstream>
#include <string_view>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/base/sha256.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/family.h"
#include "sfumato/nn/init.h"
#include "sfumato/training/picture_set.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

fs::path part(const fs::path& folder, const char* file, const char* name) {
  if (fs::exists(folder / file)) return folder / file;
  throw Error(
      ErrorKind::NotFound,
      "no trained " + std::string(name) + ": " + (folder / file).string() + " does not exist",
      "run the recipe first whose out is " + folder.string());
}

double measured_scale(const Metadata& metadata, const fs::path& file) {
  const auto found = metadata.find("latent_scale");
  double scale = 0.0;
  if (found != metadata.end()) std::istringstream(found->second) >> scale;
  if (scale > 0.0) return scale;
  throw Error(ErrorKind::Corrupt, file.string() + ": no latent_scale in its metadata");
}

}  // namespace

ModelConfig with_latent_scale(const ModelConfig& family, double scale) {
  char value[40];
  std::snprintf(value, sizeof value, "%.6g", scale);
  std::istringstream lines(family.toml);
  std::string text, table;
  bool written = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] == '[') {
      table = line;
      text += line + "\n";
      if (table.rfind("[latent]", 0) == 0) {
        text += std::string("scale = ") + value + "  # 1 / std of the latents, measured\n";
        written = true;
      }
      continue;
    }
    const bool old_scale = table.rfind("[latent]", 0) == 0 && line.rfind("scale ", 0) == 0;
    if (!old_scale) text += line + "\n";
  }
  if (!written) throw Error(ErrorKind::InvalidArgument, "family file without a [latent] table");
  return parse_family(text, family.family + ".toml");
}

TextEncoder trained_text_encoder(const ModelConfig& family, const fs::path& clip_folder) {
  const fs::path clip = part(clip_folder, "clip.safetensors", "text encoder");
  if (family.text_encoders.size() != 1) {
    throw Error(ErrorKind::Unsupported, "family " + family.family + " needs one text encoder");
  }
  const std::string tokenizer =
      read_file(clip_folder / family.text_encoders.front().tokenizer_file, 1 << 24);
  TextEncoder encoder = make_model(family, tokenizer).text_encoders.front();
  TensorMap text_tower;
  for (const auto& [name, tensor] : load_safetensors(clip)) {
    if (name.rfind("visual.", 0) != 0) text_tower[name] = tensor;
  }
  load_into(*encoder.module, text_tower);
  return encoder;
}

at::Tensor token_table(const TextEncoder& text, const std::vector<std::string>& captions) {
  return token_table(*text.tokenizer, captions,
                     text.config.pad_with_eos ? text.tokenizer->eos() : 0);
}

Autoencoder trained_autoencoder(const ModelConfig& family, const fs::path& folder) {
  const fs::path file = part(folder, "autoencoder.safetensors", "autoencoder");
  Metadata metadata;
  const TensorMap tensors = load_safetensors(file, &metadata);
  const nn::InitGuard init(nn::Init::Empty);
  Autoencoder autoencoder{.kl = AutoencoderKL(family.autoencoder), .latent = family.latent};
  autoencoder.latent.scale = measured_scale(metadata, file);
  load_into(autoencoder.module(), with_prefix_removed(tensors, family.checkpoint.autoencoder));
  return autoencoder;
}

Model assemble_model(const ModelConfig& family, const fs::path& autoencoder_folder,
                     const fs::path& clip_folder, std::uint64_t seed) {
  const Autoencoder autoencoder = trained_autoencoder(family, autoencoder_folder);
  const TextEncoder text = trained_text_encoder(family, clip_folder);
  Model model =
      make_model(with_latent_scale(family, autoencoder.latent.scale), text.tokenizer_text, seed);
  load_into(model.autoencoder.module(), tensors_of(autoencoder.module()));
  model.text_encoders.front() = text;
  return model;
}

std::string latents_key(const fs::path& autoencoder_folder, const at::Tensor& pictures,
                        at::ScalarType precision) {
  const std::string_view bytes(static_cast<const char*>(pictures.data_ptr()), pictures.nbytes());
  return sha256_hex(read_file(autoencoder_folder / "autoencoder.safetensors")) + " " +
         sha256_hex(bytes) + " " + at::toString(precision);
}

}  // namespace sfumato
