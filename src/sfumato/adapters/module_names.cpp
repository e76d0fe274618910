#include "sfumato/adapters/module_names.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "sfumato/base/nearest.h"
#include "sfumato/checkpoint/diffusers_names.h"
#include "sfumato/checkpoint/load_into.h"

namespace sfumato {
namespace {

using Targets = std::map<std::string, AdapterTarget>;

constexpr std::size_t kUNet = 0, kFirstEncoder = 1, kSecondEncoder = 2;
constexpr std::string_view kWeight = ".weight";

struct Prefix {
  std::string_view text;
  std::size_t part;
};

// kohya's LoRA and OFT, SimpleTuner's LyCORIS, diffusers, ComfyUI, PEFT, and diffusers' first
// files, which had none.
constexpr std::array kPrefixes{
    Prefix{"lora_unet_", kUNet},
    Prefix{"oft_unet_", kUNet},
    Prefix{"lycoris_", kUNet},
    Prefix{"unet.", kUNet},
    Prefix{"diffusion_model.", kUNet},
    Prefix{"base_model.model.", kUNet},
    Prefix{"lora_te_", kFirstEncoder},
    Prefix{"lora_te1_", kFirstEncoder},
    Prefix{"oft_te_", kFirstEncoder},
    Prefix{"oft_te1_", kFirstEncoder},
    Prefix{"text_encoder.", kFirstEncoder},
    Prefix{"lora_te2_", kSecondEncoder},
    Prefix{"oft_te2_", kSecondEncoder},
    Prefix{"text_encoder_2.", kSecondEncoder},
    Prefix{"", kUNet},
};

// diffusers' attention processors called the projections of both attentions alike.
struct Rewrite {
  std::string_view ending, meant;
};
constexpr std::array kRewrites{
    Rewrite{"_self_attn_to_q", "_self_attn_q_proj"},
    Rewrite{"_self_attn_to_k", "_self_attn_k_proj"},
    Rewrite{"_self_attn_to_v", "_self_attn_v_proj"},
    Rewrite{"_self_attn_to_out", "_self_attn_out_proj"},
    Rewrite{"_to_out", "_to_out_0"},
};

std::string underscored(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '.', '_');
  return text;
}

/// A layer's name in a file, without its prefix, as our tables spell it.
std::string layer_name(std::string_view name) {
  std::string text = underscored(name);
  constexpr std::string_view kProcessor = "_processor_";
  if (const auto at = text.find(kProcessor); at != text.npos) {
    text.replace(at, kProcessor.size(), "_");
  }
  for (const auto& [ending, meant] : kRewrites) {
    if (!text.ends_with(ending)) continue;
    text.replace(text.size() - ending.size(), ending.size(), meant);
    break;
  }
  return text;
}

/// What the layers of this part are called in a diffusers folder. U-Nets appear under both names
/// that the MLP over their conditioning vector has there.
std::vector<DiffusersPart> diffusers_parts(std::size_t part, const ModelConfig& config) {
  if (part == kUNet) return {DiffusersPart::UNet, DiffusersPart::AddedUNet};
  switch (config.text_encoders[part - kFirstEncoder].kind) {
    case EncoderKind::OpenClip:
      return {DiffusersPart::OpenClipText};
    case EncoderKind::Clip:  // the same names in both
    case EncoderKind::Bert:
    case EncoderKind::Class:
      break;
  }
  return {};
}

/// The layers below `prefix` by their own names and those of diffusers.
Targets layers_of(const TensorMap& model, const std::string& prefix, std::size_t part,
                  const ModelConfig& config) {
  const TensorMap own = with_prefix_removed(model, prefix);
  std::set<std::string> names;
  for (const auto& [name, tensor] : own) names.insert(name);
  std::vector<DiffusersNames> folders;
  for (const auto folder : diffusers_parts(part, config)) {
    folders.push_back(DiffusersNames::of_single_file(folder, names));
  }

  Targets targets;
  for (const auto& name : names) {
    AdapterTarget target{.weight = prefix + name, .text_encoder = part != kUNet};
    if (name.ends_with("weight")) {
      const std::string bias = name.substr(0, name.size() - 6) + "bias";
      if (names.contains(bias)) target.bias = prefix + bias;
    }
    const auto add = [&](const RenamedTensor& renamed) {
      if (!renamed.name.ends_with(kWeight)) return;
      AdapterTarget as = target;
      if (renamed.change == NameChange::Third) as.third = renamed.third;
      as.transposed = renamed.change == NameChange::Transpose;
      targets[underscored(renamed.name.substr(0, renamed.name.size() - kWeight.size()))] = as;
    };
    add({name});
    for (const auto& folder : folders) {
      for (const auto& renamed : folder.in_folder(name)) add(renamed);
    }
  }
  return targets;
}

}  // namespace

at::Tensor part_of(const at::Tensor& tensor, const AdapterTarget& target) {
  if (target.third >= 0) {
    const auto rows = tensor.size(0) / 3;
    return tensor.narrow(0, target.third * rows, rows);
  }
  return target.transposed && tensor.dim() == 2 ? tensor.t() : tensor;
}

AdapterNames::AdapterNames(const ModelConfig& config, const TensorMap& model) {
  parts_.push_back(layers_of(model, config.checkpoint.unet, kUNet, config));
  for (const auto& encoder : config.text_encoders) {
    parts_.push_back(layers_of(model, encoder.prefix, parts_.size(), config));
  }
}

const AdapterTarget* AdapterNames::find(const std::string& module) const {
  for (const auto& [prefix, part] : kPrefixes) {
    if (part >= parts_.size() || !module.starts_with(prefix)) continue;
    const auto found =
        parts_[part].find(layer_name(std::string_view(module).substr(prefix.size())));
    if (found != parts_[part].end()) return &found->second;
  }
  return nullptr;
}

std::string AdapterNames::nearest_to(const std::string& module) const {
  constexpr std::size_t kLongest = 200;  // the search costs the product of the lengths
  if (module.size() > kLongest) return "";
  for (const auto& [prefix, part] : kPrefixes) {
    if (part >= parts_.size() || !module.starts_with(prefix)) continue;
    std::vector<std::string> known;
    for (const auto& [layer, target] : parts_[part]) known.push_back(layer);
    return nearest(layer_name(std::string_view(module).substr(prefix.size())), known);
  }
  return "";
}

}  // namespace sfumato
