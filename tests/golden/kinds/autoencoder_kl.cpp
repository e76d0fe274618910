#include "sfumato/models/autoencoder_kl.h"

#include <ATen/ATen.h>

#include "golden/kinds/runners.h"
#include "golden/kinds/weights.h"
#include "sfumato/models/compvis_config.h"

namespace sfumato::golden {

void run_autoencoder_kl(const Case& c, Report& report) {
  const at::NoGradGuard no_grad;
  auto model = model_with_weights<AutoencoderKL>(
      autoencoder_from_compvis(c.config().at("first_stage_config")), c.weights,
      c.config().value("weight_prefix", ""));
  const at::Tensor moments = model->moments(c.input("image"));
  const auto posterior = DiagonalGaussian::from_moments(moments);
  report.expect("moments", moments);
  report.expect("mean", posterior.mean);
  report.expect("logvar", posterior.logvar);
  report.expect("z", posterior.mean);
  if (c.has_input("noise")) report.expect("z_sample", posterior.sample(c.input("noise")));
  report.expect("decoded", model->decode(posterior.mean));
}

}  // namespace sfumato::golden
