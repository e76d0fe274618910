#include <ATen/ATen.h>

#include <string>

#include "golden/kinds/open_clip_context.h"
#include "golden/kinds/runners.h"
#include "golden/kinds/weights.h"
#include "sfumato/models/compvis_config.h"

namespace sfumato::golden {

at::Tensor open_clip_context(OpenClipTextModel& model, const TextFeatures& features,
                             const nlohmann::json& embedder) {
  // SD2's embedder normalises what it returns; SDXL's hands the hidden state on as it is, unless
  // `legacy` is set. Both know layer "last" and "penultimate".
  const auto params = embedder.value("params", nlohmann::json::object());
  const bool second = embedder.at("target").get<std::string>().ends_with("FrozenOpenCLIPEmbedder2");
  const bool normed = !second || params.value("legacy", true);
  if (params.value("layer", "last") == "last") return features.last;
  return normed ? model->final_norm(features.penultimate) : features.penultimate;
}

void run_clip_text_open_clip(const Case& c, Report& report) {
  const at::NoGradGuard no_grad;
  auto model = model_with_weights<OpenClipTextModel>(
      open_clip_text_from_json(c.config()), c.weights, c.config().value("weight_prefix", ""));
  const auto features = model->forward(c.input("ids"));
  report.expect("context", open_clip_context(model, features, c.config().at("cond_stage_config")));
  if (c.outputs.contains("last_ln")) report.expect("last_ln", features.last);
  report.expect("pooled", features.pooled);
}

}  // namespace sfumato::golden
