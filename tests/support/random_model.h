#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "sfumato/family/family.h"
#include "sfumato/family/model.h"
#include "sfumato/tensor/random/noise.h"
#include "sfumato/text/bpe_trainer.h"

namespace sfumato::test {

/// The family "FAMILY", or for "FAMILY+KIND" one like it whose network sees further channels:
/// depth, masked_latent or edited_image.
inline ModelConfig tiny_config(const std::string& name) {
  const auto plus = name.find('+');
  if (plus == std::string::npos) return find_family(name);
  const std::string kind = name.substr(plus + 1), family = name.substr(0, plus);
  const auto latent = find_family(family).latent.channels;
  const auto more = kind == "depth" ? 1 : kind == "masked_latent" ? latent + 1 : latent;
  std::string toml = find_family(family).toml;
  const auto put = [&](const std::string& old, const std::string& text) {
    toml.replace(toml.find(old), old.size(), text);
  };
  put("family = \"" + family, "family = \"" + family + "_" + kind);
  put("in_channels = " + std::to_string(latent), "in_channels = " + std::to_string(latent + more));
  toml.erase(toml.find("[fingerprint]"));
  toml += "[concat]\nkind = \"" + kind + "\"\nchannels = " + std::to_string(more) + "\n";
  return parse_family(toml, name);
}

/// A model of a tiny family (see tiny_config) whose every weight is random - also those that
/// training starts from zero, without which neither prompt nor noise would reach the picture.
inline Model random_model(const std::string& family) {
  const ModelConfig config = tiny_config(family);
  const bool file = std::any_of(config.text_encoders.begin(), config.text_encoders.end(),
                                [](const auto& e) { return e.tokenizer == TokenizerKind::File; });
  const auto positions = config.text_encoders.empty() ? 16 : config.text_encoders[0].positions;
  Model model =
      make_model(config, file ? tokenizer_file({}, static_cast<int>(positions)) : "", /*seed=*/1);
  const at::NoGradGuard no_grad;
  const NoiseSource noise = torch_cpu_noise(1);
  for (auto& parameter : model.unet->parameters()) {
    if (parameter.dim() > 1) parameter.add_(noise(parameter.sizes()) * 0.1);
  }
  return model;
}

}  // namespace sfumato::test
