#include <ATen/ATen.h>

#include <string>

#include "golden/kinds/runners.h"
#include "golden/kinds/weights.h"
#include "sfumato/models/clip_text_model.h"
#include "sfumato/models/compvis_config.h"

namespace sfumato::golden {

void run_clip_text_hf(const Case& c, Report& report) {
  const at::NoGradGuard no_grad;
  const std::string below = "text_model.";
  std::string prefix = c.config().value("weight_prefix", below);
  if (prefix.ends_with(below)) prefix.resize(prefix.size() - below.size());
  auto model = model_with_weights<ClipTextModel>(clip_text_from_hugging_face(c.config()), c.weights,
                                                 prefix, below + "embeddings.position_ids");
  const auto hidden = model->forward(c.input("ids"));
  report.expect("last_hidden_state", hidden.last);
  report.expect("penultimate_hidden_state", hidden.penultimate);
  report.expect("penultimate_ln", hidden.penultimate_ln);
  report.expect("pooled", hidden.pooled);
}

}  // namespace sfumato::golden
