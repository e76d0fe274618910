#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "sfumato/family/family.h"
#include "sfumato/family/model.h"
#include "sfumato/tensor/random/noise.h"
#include "sfumato/text/bpe_trainer.h"

namespace sfumato::test {

/// A model of a tiny family whose every weight is random - also those that training starts from
/// zero, without which neither prompt nor noise would reach the picture.
inline Model random_model(const std::string& family) {
  const ModelConfig& config = find_family(family);
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
