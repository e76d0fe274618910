#pragma once

#include <string>

#include "golden/golden_case.h"
#include "sfumato/base/error.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/nn/init.h"

namespace sfumato::golden {

/// A model whose parameters are all read from the case's weights below `prefix`: a missing, extra
/// or misshapen tensor throws. Tensors named `ignored` are of no use to any module.
template <class Model, class Config>
Model model_with_weights(const Config& config, TensorMap weights, const std::string& prefix,
                         const std::string& ignored = "") {
  const nn::InitGuard empty(nn::Init::Empty);
  Model model(config);
  weights = with_prefix_removed(weights, prefix);
  if (!ignored.empty()) weights.erase(ignored);
  load_into(*model, weights);
  model->eval();
  return model;
}

}  // namespace sfumato::golden
