#include "sfumato/family/checkpoint_names.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sfumato {
namespace {

constexpr std::string_view kAverages = "model_ema.";

constexpr std::array<std::string_view, 13> kScheduleBuffers{
    "betas",
    "alphas_cumprod",
    "alphas_cumprod_prev",
    "sqrt_alphas_cumprod",
    "sqrt_one_minus_alphas_cumprod",
    "log_one_minus_alphas_cumprod",
    "sqrt_recip_alphas_cumprod",
    "sqrt_recipm1_alphas_cumprod",
    "posterior_variance",
    "posterior_log_variance_clipped",
    "posterior_mean_coef1",
    "posterior_mean_coef2",
    "lvlb_weights",
};

// Sub-models of Stable Diffusion 2 that are nothing but a second noise schedule.
constexpr std::array<std::string_view, 3> kSchedulePlaces{"", "low_scale_model.",
                                                          "noise_augmentor."};

bool is_schedule_buffer(std::string_view name) {
  for (const auto place : kSchedulePlaces) {
    if (!name.starts_with(place)) continue;
    const auto rest = name.substr(place.size());
    if (std::find(kScheduleBuffers.begin(), kScheduleBuffers.end(), rest) !=
        kScheduleBuffers.end()) {
      return true;
    }
  }
  return false;
}

std::string averaged_name(const std::string& name) {
  std::string bare = name.starts_with("model.") ? name.substr(6) : name;
  std::erase(bare, '.');
  return std::string(kAverages) + bare;
}

// The text tower that CLIP's own files hold beside the image tower.
bool is_beside_image_tower(const std::string& name, const ModelConfig& config) {
  return config.image_encoder && name.starts_with("embedder.") &&
         !name.starts_with(config.image_encoder->prefix);
}

}  // namespace

ModelConfig with_parts_of(ModelConfig config, const TensorMap& file) {
  if (!config.image_encoder) return config;
  const auto first = file.lower_bound(config.image_encoder->prefix);
  if (first == file.end() || !first->first.starts_with(config.image_encoder->prefix)) {
    config.image_encoder.reset();
  } else {
    config.image_encoder->statistics =
        file.contains(kEmbeddingMean) || file.contains(kEmbeddingDeviation);
  }
  return config;
}

bool is_ignored(const std::string& name, const ModelConfig& config) {
  return name.ends_with("position_ids") || name.starts_with(kAverages) ||
         name.starts_with(config.checkpoint.autoencoder + "loss.") || is_schedule_buffer(name) ||
         name == kPredictsVMark || name == kZeroTerminalMark || is_beside_image_tower(name, config);
}

TensorMap with_one_unet(TensorMap file, const ModelConfig& config, bool use_ema) {
  if (use_ema) {
    TensorMap averaged;
    const std::string& prefix = config.checkpoint.unet;
    bool complete = true;
    for (auto it = file.lower_bound(prefix); it != file.end(); ++it) {
      if (!it->first.starts_with(prefix)) break;
      const auto found = file.find(averaged_name(it->first));
      complete = complete && found != file.end();
      if (!complete) break;
      averaged[it->first] = found->second;
    }
    if (complete) {
      for (auto& [name, tensor] : averaged) file[name] = tensor;
    }
  }
  std::erase_if(file, [](const auto& item) { return item.first.starts_with(kAverages); });
  return file;
}

TensorMap needed_tensors(TensorMap file, const ModelConfig& config, bool use_ema) {
  file = with_one_unet(std::move(file), config, use_ema);
  std::erase_if(file, [&](const auto& item) { return is_ignored(item.first, config); });
  return file;
}

}  // namespace sfumato
