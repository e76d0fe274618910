#include "sfumato/family/load_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "sfumato/base/embedded.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/diffusers_folder.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/build.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/detect.h"
#include "sfumato/family/family.h"

namespace sfumato {

std::span<const EmbeddedFile> embedded_scenes();  // models/scenes, see src/sfumato/CMakeLists.txt

namespace {

namespace fs = std::filesystem;

constexpr const char* kEmbeddedName = "scenes";

/// Everything a model is made of, wherever it came from.
struct Parts {
  ModelConfig config;
  TensorMap tensors;
  std::string tokenizer_text;
  std::string name;  ///< for messages
};

std::string tokenizer_file_of(const ModelConfig& config) {
  for (const auto& encoder : config.text_encoders) {
    if (!encoder.tokenizer_file.empty()) return encoder.tokenizer_file;
  }
  return "";
}

Parts embedded_parts() {
  const auto file = [](const std::string& name) {
    for (const auto& embedded : embedded_scenes()) {
      if (embedded.name == name) return embedded.bytes;
    }
    throw Error(ErrorKind::NotFound, std::string("this build of the program has no model '") +
                                         kEmbeddedName + "' (" + name + " is missing)");
  };
  Parts parts;
  parts.name = kEmbeddedName;
  parts.config = parse_family(file("family.toml"), "scenes/family.toml");
  parts.tensors = parse_safetensors(file("model.safetensors"), "scenes/model.safetensors");
  if (const auto name = tokenizer_file_of(parts.config); !name.empty()) {
    parts.tokenizer_text = file(name);
  }
  return parts;
}

Parts folder_parts(const fs::path& folder) {
  Parts parts;
  if (!fs::exists(folder / "family.toml")) {
    throw Error(ErrorKind::NotFound,
                folder.string() + ": neither family.toml nor model_index.json in this folder",
                "a model folder holds family.toml and model.safetensors; diffusers' folders hold "
                "model_index.json");
  }
  parts.config = read_family(folder / "family.toml");
  const fs::path shards = folder / "model.safetensors.index.json";
  const fs::path weights = fs::exists(shards) ? shards : folder / "model.safetensors";
  parts.name = weights.string();
  parts.tensors = load_safetensors(weights);
  if (const auto name = tokenizer_file_of(parts.config); !name.empty()) {
    parts.tokenizer_text = read_file(folder / name, 1 << 26);
  }
  return parts;
}

TensorIndex index_of(const TensorMap& tensors) {
  TensorIndex index;
  for (const auto& [name, tensor] : tensors) index[name] = {"", tensor.sizes().vec()};
  return index;
}

ModelConfig chosen_family(const std::string& family) {
  return family.ends_with(".toml") ? read_family(family) : find_family(family);
}

Parts checkpoint_parts(const fs::path& path, const std::string& family) {
  Checkpoint checkpoint = open_checkpoint(path);
  Parts parts;
  parts.name = path.string();
  parts.tensors = std::move(checkpoint.tensors);
  parts.config = family.empty() ? detect_family(index_of(parts.tensors), parts.name,
                                                stated_prediction(checkpoint.metadata))
                                : chosen_family(family);
  return parts;
}

Parts find_parts(const std::string& path_or_name, const std::string& family) {
  if (path_or_name == kEmbeddedName) return embedded_parts();
  std::error_code error;
  const auto status = fs::status(path_or_name, error);
  if (fs::is_directory(status) && !is_diffusers_folder(path_or_name)) {
    return folder_parts(path_or_name);
  }
  if (fs::exists(status)) return checkpoint_parts(path_or_name, family);
  throw Error(ErrorKind::NotFound, "no model '" + path_or_name + "'",
              std::string("give a checkpoint file, a model folder or the name ") + kEmbeddedName);
}

void expect_finite(const TensorMap& tensors, const std::string& file) {
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point()) continue;
    // One pass without a mask; only a sum that is not finite needs the exact look.
    if (std::isfinite(tensor.sum(at::kFloat).item<float>())) continue;
    const auto bad = tensor.numel() - at::isfinite(tensor).sum().item<std::int64_t>();
    if (bad == 0) continue;
    throw Error(ErrorKind::Corrupt, file + ": tensor '" + name + "' has " + std::to_string(bad) +
                                        " NaN or infinite values of " +
                                        std::to_string(tensor.numel()));
  }
}

}  // namespace

Model load_model(const std::string& path_or_name, const LoadOptions& options) {
  Parts parts = find_parts(path_or_name, options.family);
  const TensorMap tensors = needed_tensors(std::move(parts.tensors), parts.config, options.use_ema);
  expect_finite(tensors, parts.name);

  Model model = build_model(parts.config, parts.tokenizer_text, nn::Init::Empty, 0);
  const TensorMap own = checkpoint_tensors(model);
  try {
    load_into(own, tensors);
  } catch (const Error& e) {
    throw Error(e.kind(), parts.name + ": " + e.what(), e.hint());
  }
  if (model.config.latent.scale_in_checkpoint) {
    const double scale = own.at("scale_factor").item<double>();
    model.config.latent.scale = model.autoencoder.latent.scale = scale;
  }
  move_to(model, options.device, options.dtype);
  return model;
}

void save_model(const fs::path& folder, const Model& model, at::ScalarType storage,
                const std::map<std::string, std::string>& metadata) {
  if (model.config.toml.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "a model whose family was not read from a file cannot be saved");
  }
  TensorMap tensors;
  for (const auto& [name, tensor] : checkpoint_tensors(model)) {
    // Single numbers cost nothing and the latent scale deserves its digits.
    const bool convert = tensor.is_floating_point() && tensor.dim() > 0;
    tensors[name] = convert ? tensor.detach().to(storage) : tensor.detach();
  }
  make_folder(folder);
  for (const auto& encoder : model.text_encoders) {
    if (encoder.tokenizer_text.empty()) continue;
    write_file_atomically(folder / encoder.config.tokenizer_file, encoder.tokenizer_text);
  }
  write_file_atomically(folder / "family.toml", model.config.toml);
  save_safetensors(folder / "model.safetensors", tensors, metadata);
}

}  // namespace sfumato
