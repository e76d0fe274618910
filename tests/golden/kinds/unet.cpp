#include "sfumato/models/unet.h"

#include <ATen/ATen.h>

#include <optional>

#include "golden/kinds/runners.h"
#include "golden/kinds/weights.h"
#include "sfumato/models/class_embedder.h"
#include "sfumato/models/compvis_config.h"

namespace sfumato::golden {
namespace {

constexpr const char* kConditioner = "cond_stage_model.";

// The case brings its conditioner along when its input is not the conditioning itself.
std::optional<at::Tensor> conditioned(const Case& c) {
  if (!c.config().contains("cond_stage_config")) return std::nullopt;
  const auto& config = c.config().at("cond_stage_config");
  if (c.has_input("class_ids")) {
    const auto options = class_embedder_from_compvis(config);
    const nn::InitGuard empty(nn::Init::Empty);
    ClassEmbedder embedder(options.classes, options.width);
    load_into(*embedder, with_prefix_removed(c.weights, kConditioner));
    return embedder(c.input("class_ids"));
  }
  if (c.has_input("token_ids")) {
    return model_with_weights<BertTextModel>(bert_from_compvis(config), c.weights,
                                             kConditioner)(c.input("token_ids"));
  }
  if (c.has_input("segmentation")) {
    return model_with_weights<SpatialRescaler>(spatial_rescaler_from_compvis(config), c.weights,
                                               kConditioner)(c.input("segmentation"));
  }
  return std::nullopt;
}

bool stacked_on_channels(const nlohmann::json& config) {
  return config.contains("conditioning_key") && config.at("conditioning_key") == "concat";
}

}  // namespace

void run_unet(const Case& c, Report& report) {
  const at::NoGradGuard no_grad;
  const auto& config = c.config();
  const bool sgm = config.contains("network_config");
  const auto unet_config = unet_from_compvis(config.at(sgm ? "network_config" : "unet_config"));
  auto unet = model_with_weights<UNet>(unet_config, c.weights, "model.diffusion_model.");

  at::Tensor x = c.input("x");
  std::optional<at::Tensor> context, y;
  if (const auto cond = conditioned(c)) {
    report.expect("cond", *cond);
    if (stacked_on_channels(config)) {
      x = at::cat({x, *cond}, 1);
    } else {
      context = cond;
    }
  }
  if (c.has_input("c_concat")) x = at::cat({x, c.input("c_concat")}, 1);
  if (c.has_input("context")) context = c.input("context");
  if (c.has_input("y")) y = c.input("y");
  report.expect("out", unet->forward(x, c.input("timesteps"), context, y));
}

}  // namespace sfumato::golden
