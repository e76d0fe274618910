#include "sfumato/family/load_model.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/diffusers_folder.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/mapped_file.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/build.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/choose_family.h"
#include "sfumato/family/diffusers_configs.h"
#include "sfumato/family/embedded_scenes.h"
#include "sfumato/family/family.h"
#include "sfumato/family/tokenizer_text.h"
#include "sfumato/nn/layers.h"
#include "sfumato/tensor/convert.h"
#include "sfumato/tensor/memory.h"

namespace sfumato {

namespace {

namespace fs = std::filesystem;

constexpr const char* kEmbeddedName = "scenes";

/// Everything a model is made of, wherever it came from.
struct Parts {
  ModelConfig config;
  TensorMap tensors;
  std::string tokenizer_text;
  std::string name;          ///< for messages
  FamilyChoice choice = {};  ///< of a checkpoint that brings no family.toml
  std::string scheduler;     ///< see ModelConfig
};

Parts embedded_parts() {
  const auto file = [](const std::string& name) {
    if (const auto bytes = embedded_scenes_file(name)) return *bytes;
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

Parts checkpoint_parts(const fs::path& path, const LoadOptions& options) {
  Checkpoint checkpoint{};
  if (!path.empty()) checkpoint = open_checkpoint(path, options.dtype);
  Parts parts;
  parts.name = path.empty() ? options.split.unet : path.string();
  if (options.split.any()) {
    const bool named = !options.family.empty();
    const ModelConfig family = named ? named_family(options.family) : ModelConfig{};
    checkpoint = with_split_files(std::move(checkpoint), options.split, named ? &family : nullptr);
  }
  parts.tensors = std::move(checkpoint.tensors);
  const fs::path network = options.split.unet.empty() ? path : fs::path(options.split.unet);
  parts.choice = choose_family(parts.tensors, checkpoint.metadata, network, options.family,
                               options.prediction);
  parts.config = parts.choice.config;
  const auto scheduler = checkpoint.metadata.find("diffusers.scheduler");
  if (scheduler != checkpoint.metadata.end() && is_authors_scheduler(scheduler->second)) {
    parts.scheduler = scheduler->second;
  }
  parts.tokenizer_text = tokenizer_text_of(path, parts.config);
  return parts;
}

/// Of a model that knows its family.
void replace_parts(Parts& parts, const LoadOptions& options) {
  if (options.prediction) parts.config.prediction = *options.prediction;
  if (!options.split.any()) return;
  Checkpoint whole{.tensors = std::move(parts.tensors), .metadata = {}, .format = {}};
  whole = with_split_files(std::move(whole), options.split, &parts.config);
  parts.tensors = std::move(whole.tensors);
  if (options.split.unet.empty()) return;
  parts.choice = choose_within(parts.config, parts.tensors, whole.metadata, options.split.unet,
                               options.prediction);
  parts.config = parts.choice.config;
}

Parts find_parts(const std::string& path_or_name, const LoadOptions& options) {
  std::error_code error;
  const auto status = fs::status(path_or_name, error);
  const bool embedded = path_or_name == kEmbeddedName;
  if (embedded || (fs::is_directory(status) && !is_diffusers_folder(path_or_name))) {
    Parts parts = embedded ? embedded_parts() : folder_parts(path_or_name);
    replace_parts(parts, options);
    return parts;
  }
  if (fs::exists(status) || (path_or_name.empty() && !options.split.unet.empty())) {
    return checkpoint_parts(path_or_name, options);
  }
  throw Error(ErrorKind::NotFound, "no model '" + path_or_name + "'",
              std::string("give a checkpoint file, a model folder or the name ") + kEmbeddedName);
}

TensorMap names_of(const TensorMap& tensors) {
  TensorMap names;
  for (const auto& item : tensors) names[item.first];
  return names;
}

using ProductLayers = std::map<std::string, nn::ProductLayer*>;

void add_product_layers(ProductLayers& all, const std::string& prefix, torch::nn::Module& module) {
  for (const auto& part : module.named_modules()) {
    auto* layer = dynamic_cast<nn::ProductLayer*>(part.value().get());
    if (layer) all[prefix + part.key() + ".weight"] = layer;
  }
}

// By the name of their weight: those that run again and again when a picture is painted.
ProductLayers product_layers(const Model& model) {
  ProductLayers layers;
  const auto& names = model.config.checkpoint;
  if (model.unet) add_product_layers(layers, names.unet, *model.unet.ptr());
  if (names.autoencoder_copies.empty()) {
    add_product_layers(layers, names.autoencoder, model.autoencoder.module());
  }
  return layers;
}

std::string_view bytes_of(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()};
}

/// Layers that are streamed, and their weights in the mapped file. What was decoded as it was read
/// has nowhere to be streamed from.
struct Streamed {
  ProductLayers layers;
  TensorMap weights;
};

Streamed streamed(const Model& model, const TensorMap& tensors, const LoadOptions& options) {
  Streamed result;
  if (!options.pack) return result;
  if (options.low_memory) result.layers = product_layers(model);
  if (options.low_memory || model.device.is_cpu()) {
    for (const auto& encoder : model.text_encoders) {
      add_product_layers(result.layers, encoder.config.prefix, *encoder.module);
    }
  }
  std::erase_if(result.layers, [&](const auto& layer) {
    const auto found = tensors.find(layer.first);
    const bool mapped = found != tensors.end() && found->second.is_contiguous() &&
                        MappedFile::forget_if_mapped(bytes_of(found->second));
    if (mapped) result.weights.insert(*found);
    return !mapped;
  });
  return result;
}

void stream(nn::ProductLayer& layer, const at::Tensor& in_file) {
  MappedFile::forget_if_mapped(bytes_of(in_file));
  layer.stream([in_file, options = layer.weight.options()] {
    const at::Tensor values = converted(in_file, options).values;
    MappedFile::forget_if_mapped(bytes_of(in_file));
    return values;
  });
}

std::uint64_t bytes_of_weights(const Model& model, const ProductLayers& streamed) {
  std::uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors_as_they_lie(model)) {
    if (!streamed.contains(name)) bytes += tensor.nbytes();
  }
  return bytes;
}

// Before any memory is touched: a system that gives more than it has kills the process later.
// What was free before the file was read counts, for tensors that had to be decoded are let go as
// they are copied.
void expect_room(const Model& model, std::uint64_t needed, const std::string& name,
                 std::optional<std::uint64_t> free) {
  if (!free || needed <= *free) return;
  const bool wide = model.dtype == at::kFloat;
  throw Error(ErrorKind::OutOfMemory,
              name + ": the weights take " + in_gib(needed) + " in " + c10::toString(model.dtype) +
                  ", " + in_gib(*free) + " are free",
              wide ? "--precision bfloat16 takes half of it" : "end other programs");
}

}  // namespace

Model load_model(const std::string& path_or_name, const LoadOptions& options) {
  const auto free = free_memory(options.device);
  Parts parts = find_parts(path_or_name, options);
  parts.config = with_parts_of(std::move(parts.config), parts.tensors);
  TensorMap tensors = needed_tensors(std::move(parts.tensors), parts.config, options.use_ema);
  const TensorMap names = names_of(tensors);
  const bool scaled = parts.config.latent.scale_in_checkpoint && tensors.contains("scale_factor");
  const double scale = scaled ? tensors.at("scale_factor").item<double>() : 1.0;

  // No memory is touched before the weights come, converted as they are copied.
  Model model = build_model(parts.config, parts.tokenizer_text, nn::Init::Hollow, 0);
  make_room_on(model, options.device, options.dtype);
  const Streamed from_file = streamed(model, tensors, options);
  expect_room(model, bytes_of_weights(model, from_file.layers), parts.name, free);
  try {
    const auto layers = options.pack ? product_layers(model) : ProductLayers{};
    move_into(tensors_as_they_lie(model), std::move(tensors), [&](const std::string& name) {
      const auto streams = from_file.layers.find(name);
      if (streams != from_file.layers.end()) {
        stream(*streams->second, from_file.weights.at(name));
      } else if (const auto layer = layers.find(name); layer != layers.end()) {
        layer->second->pack();
      }
    });
  } catch (const Error& e) {
    throw Error(e.kind(), parts.name + ": " + e.what(), e.hint());
  }
  release_unused_memory();
  if (!parts.choice.twins.empty()) {
    parts.choice = settle_family(std::move(parts.choice), model);
    model.config = with_parts_of(parts.choice.config, names);
  }
  if (!parts.choice.note.empty()) options.on_note(parts.choice.note);
  if (model.config.image_encoder && !model.config.image_encoder->statistics) {
    options.on_note(parts.name + ": it has no " + kEmbeddingMean + " and " + kEmbeddingDeviation +
                    "; 0 and 1 are used");
  }
  model.config.scheduler = std::move(parts.scheduler);
  model.config.schedule.zero_terminal_snr |= options.zero_terminal_snr;
  if (scaled) model.config.latent.scale = model.autoencoder.latent.scale = scale;
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
