#include "sfumato/adapters/adapter.h"

#include <ATen/ATen.h>

#include <array>
#include <string_view>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

// How the trainers end their tensor names, and what we call the part. Of several endings that fit
// the longest counts.
struct Ending {
  std::string_view text, part;
};

constexpr std::array kEndings{
    // LoRA and LoCon: kohya, PEFT, and diffusers in three generations
    Ending{".lora_up.weight", "up"},
    Ending{".lora_down.weight", "down"},
    Ending{".lora_mid.weight", "mid"},
    Ending{".lora_B.weight", "up"},
    Ending{".lora_A.weight", "down"},
    Ending{".lora.up.weight", "up"},
    Ending{".lora.down.weight", "down"},
    Ending{"_lora.up.weight", "up"},
    Ending{"_lora.down.weight", "down"},
    Ending{".lora_linear_layer.up.weight", "up"},
    Ending{".lora_linear_layer.down.weight", "down"},
    // any kind
    Ending{".alpha", "alpha"},
    Ending{".scale", "scale"},
    Ending{".dora_scale", "dora_scale"},
    Ending{".lora_magnitude_vector", "magnitude"},
    Ending{".lora_magnitude_vector.weight", "magnitude"},
    Ending{".diff_b", "diff_b"},
    Ending{".b_norm", "b_norm"},
    // LyCORIS: LoHa, LoKr, GLoRA, OFT, full, norm, IA3
    Ending{".hada_w1_a", "hada_w1_a"},
    Ending{".hada_w1_b", "hada_w1_b"},
    Ending{".hada_w2_a", "hada_w2_a"},
    Ending{".hada_w2_b", "hada_w2_b"},
    Ending{".hada_t1", "hada_t1"},
    Ending{".hada_t2", "hada_t2"},
    Ending{".lokr_w1", "lokr_w1"},
    Ending{".lokr_w1_a", "lokr_w1_a"},
    Ending{".lokr_w1_b", "lokr_w1_b"},
    Ending{".lokr_w2", "lokr_w2"},
    Ending{".lokr_w2_a", "lokr_w2_a"},
    Ending{".lokr_w2_b", "lokr_w2_b"},
    Ending{".lokr_t2", "lokr_t2"},
    Ending{".a1.weight", "a1"},
    Ending{".a2.weight", "a2"},
    Ending{".b1.weight", "b1"},
    Ending{".b2.weight", "b2"},
    Ending{".oft_blocks", "oft_blocks"},
    Ending{".diff", "diff"},
    Ending{".w_norm", "w_norm"},
    Ending{".weight", "ia3"},
    Ending{".on_input", "on_input"},
};

constexpr std::string_view kBundledEmbedding = "bundle_emb.";

const Ending* ending_of(std::string_view key) {
  const Ending* best = nullptr;
  for (const auto& ending : kEndings) {
    if (key.size() <= ending.text.size() || !key.ends_with(ending.text)) continue;
    if (!best || ending.text.size() > best->text.size()) best = &ending;
  }
  return best;
}

bool is_single_number(std::string_view part) {
  return part == "alpha" || part == "scale" || part == "on_input";
}

void expect_usable(const at::Tensor& tensor, std::string_view part, const std::string& where) {
  const auto corrupt = [&](const std::string& what) {
    throw Error(ErrorKind::Corrupt, where + " " + what);
  };
  if (is_single_number(part)) {
    if (tensor.numel() != 1) corrupt("is not one number but " + shape_string(tensor.sizes()));
    if (tensor.is_complex()) corrupt("is complex");
  } else {
    if (!tensor.is_floating_point()) corrupt("does not hold floating-point numbers");
    if (tensor.numel() == 0) corrupt("is empty: " + shape_string(tensor.sizes()));
    if (tensor.dim() == 0) corrupt("is a single number, expected a vector or matrix");
  }
  if (tensor.is_floating_point() && !at::isfinite(tensor).all().item<bool>()) {
    corrupt("has NaN or infinite values");
  }
}

/// "bundle_emb.WORD.REST": adds REST to the tensors of WORD. False for another key.
bool add_embedding(const std::string& key, const at::Tensor& tensor,
                   std::map<std::string, TensorMap>& embeddings) {
  if (!key.starts_with(kBundledEmbedding)) return false;
  const auto dot = key.find('.', kBundledEmbedding.size());
  if (dot == key.npos) return false;
  const std::string word = key.substr(kBundledEmbedding.size(), dot - kBundledEmbedding.size());
  embeddings[word][key.substr(dot + 1)] = tensor;
  return true;
}

}  // namespace

const at::Tensor& AdapterModule::part(const std::string& part) const {
  const auto found = parts.find(part);
  if (found != parts.end()) return found->second.tensor;
  throw Error(ErrorKind::Corrupt, "module '" + name + "' is incomplete: it has no '" + part + "'");
}

Adapter parse_adapter(const TensorMap& tensors, Metadata metadata, const std::string& name) {
  Adapter adapter{name, std::move(metadata), {}, {}, {}};
  std::map<std::string, AdapterModule> modules;
  for (const auto& [key, tensor] : tensors) {
    if (add_embedding(key, tensor, adapter.embeddings)) continue;
    const Ending* ending = ending_of(key);
    if (!ending) {
      adapter.foreign_keys.push_back(key);
      continue;
    }
    expect_usable(tensor, ending->part, name + ": tensor '" + key + "'");
    const std::string module = key.substr(0, key.size() - ending->text.size());
    modules[module].name = module;
    const auto [at, added] = modules[module].parts.try_emplace(std::string(ending->part),
                                                               AdapterModule::Part{key, tensor});
    if (!added) {
      throw Error(ErrorKind::Corrupt,
                  name + ": tensors '" + at->second.key + "' and '" + key + "' are the same part");
    }
  }
  for (auto& [key, module] : modules) adapter.modules.push_back(std::move(module));
  return adapter;
}

Adapter read_adapter(const std::filesystem::path& path) {
  Checkpoint file = open_checkpoint(path);
  return parse_adapter(file.tensors, std::move(file.metadata), path.string());
}

}  // namespace sfumato
