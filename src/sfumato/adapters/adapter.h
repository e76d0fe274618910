#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// One adapted layer as an adapter file describes it. Its tensors have short names of ours, the
/// same for every trainer's spelling: "up", "down", "hada_w1_a", "alpha", ... (adapter.cpp).
struct AdapterModule {
  struct Part {
    std::string key;  ///< in the file
    at::Tensor tensor;
  };

  std::string name;  ///< as in the file: "lora_unet_mid_block_attentions_0_proj_in"
  std::map<std::string, Part> parts;

  bool has(const std::string& part) const { return parts.contains(part); }
  /// Throws Corrupt naming the module when the part is absent.
  const at::Tensor& part(const std::string& part) const;
};

/// An adapter file: small tensors from which changes of a model's weights are made. All are finite.
struct Adapter {
  std::string name;  ///< of its file, for messages
  Metadata metadata;
  std::vector<AdapterModule> modules;
  std::vector<std::string> foreign_keys;  ///< belong to no kind of adapter
  /// Embeddings that travel in the file under `bundle_emb.WORD.`: word -> its tensors, as
  /// textual_inversion() takes them.
  std::map<std::string, TensorMap> embeddings;
};

/// Throws Corrupt naming the tensor for NaN, infinities and types that cannot be factors.
Adapter parse_adapter(const TensorMap& tensors, Metadata metadata, const std::string& name);

/// A file of any format that open_checkpoint() reads.
Adapter read_adapter(const std::filesystem::path& path);

}  // namespace sfumato
