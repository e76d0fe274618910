#include "sfumato/family/probe_prediction.h"

#include <ATen/ATen.h>

#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/family/network.h"
#include "sfumato/nn/init.h"

namespace sfumato {
namespace {

constexpr double kProbeInput = 0.5, kVelocityBelow = -1.0;
constexpr std::int64_t kProbeTimestep = 999, kProbeSide = 8, kProbeTokens = 2;

void expect_plain_network(const ModelConfig& config) {
  const bool plain = config.unet && config.unet->context_width && config.unet->vector_width == 0 &&
                     config.unet->class_count == 0 && config.concat.kind == ConcatKind::None;
  if (plain) return;
  throw Error(ErrorKind::Unsupported,
              "the family " + config.family + ": its network cannot be asked what it predicts",
              "say it with --prediction");
}

}  // namespace

ProbedPrediction probe_prediction(const Model& model) {
  expect_plain_network(model.config);
  const at::NoGradGuard no_grad;
  const auto options = at::TensorOptions(model.device).dtype(at::kFloat);
  const UNetConfig& unet = *model.config.unet;
  const at::Tensor x =
      at::full({1, unet.in_channels, kProbeSide, kProbeSide}, kProbeInput, options);
  const at::Tensor t = at::full({1}, kProbeTimestep, options.dtype(at::kLong));
  Conditioning cond;
  cond.context = at::full({1, kProbeTokens, *unet.context_width}, kProbeInput, options);
  const double mean = (as_network(model)(x, t, cond) - x).mean().item<double>();
  if (!std::isfinite(mean)) {
    throw Error(ErrorKind::Unsupported,
                "asked what it predicts, the network of " + model.config.family +
                    " answers NaN or infinite values",
                "say it with --prediction eps or v, or use --precision float32");
  }
  return {mean < kVelocityBelow ? Prediction::V : Prediction::Epsilon, mean};
}

ProbedPrediction probe_prediction(const ModelConfig& config, const TensorMap& checkpoint) {
  expect_plain_network(config);
  Model model;
  model.config = config;
  {
    const nn::InitGuard guard(nn::Init::Empty);
    model.unet = UNet(*config.unet);
  }
  model.unet->eval();
  load_into(*model.unet, with_prefix_removed(checkpoint, config.checkpoint.unet));
  return probe_prediction(model);
}

}  // namespace sfumato
