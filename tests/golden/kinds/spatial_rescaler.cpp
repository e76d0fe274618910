#include "sfumato/models/spatial_rescaler.h"

#include <ATen/ATen.h>

#include "golden/kinds/runners.h"
#include "golden/kinds/weights.h"
#include "sfumato/models/compvis_config.h"

namespace sfumato::golden {

void run_spatial_rescaler(const Case& c, Report& report) {
  const at::NoGradGuard no_grad;
  auto model = model_with_weights<SpatialRescaler>(
      spatial_rescaler_from_compvis(c.config().at("cond_stage_config")), c.weights,
      c.config().value("weight_prefix", "cond_stage_model."));
  report.expect("out", model->forward(c.input("x")));
}

}  // namespace sfumato::golden
