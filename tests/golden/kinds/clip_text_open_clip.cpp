#include <ATen/ATen.h>

#include <string>

#include "golden/kinds/runners.h"
#include "golden/kinds/weights.h"
#include "sfumato/models/compvis_config.h"
#include "sfumato/models/open_clip_text_model.h"

namespace sfumato::golden {

void run_clip_text_open_clip(const Case& c, Report& report) {
  const at::NoGradGuard no_grad;
  auto model = model_with_weights<OpenClipTextModel>(
      open_clip_text_from_json(c.config()), c.weights, c.config().value("weight_prefix", ""));
  const auto features = model->forward(c.input("ids"));

  // SD2's embedder normalises what it returns; SDXL's hands the hidden state on as it is, unless
  // `legacy` is set. Both know layer "last" and "penultimate".
  const auto& embedder = c.config().at("cond_stage_config");
  const auto params = embedder.value("params", nlohmann::json::object());
  const bool second = embedder.at("target").get<std::string>().ends_with("FrozenOpenCLIPEmbedder2");
  const bool normed = !second || params.value("legacy", true);
  const bool last = params.value("layer", "last") == "last";
  const at::Tensor penultimate =
      normed ? model->final_norm(features.penultimate) : features.penultimate;
  report.expect("context", last ? features.last : penultimate);
  if (c.outputs.contains("last_ln")) report.expect("last_ln", features.last);
  report.expect("pooled", features.pooled);
}

}  // namespace sfumato::golden
