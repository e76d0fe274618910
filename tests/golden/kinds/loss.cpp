#include "golden/golden_case.h"
#include "golden/kinds/loss_support.h"
#include "golden/kinds/runners.h"

namespace sfumato::golden {

// The cases of this kind have no field that names their part; what they hold tells.
void run_loss(const Case& c, Report& report) {
  const std::string source = c.meta.at("source");
  const auto from = [&](const char* part) { return source.find(part) != std::string::npos; };
  if (c.config().contains("parameterization")) return run_diffusion_loss(c, report);
  if (from("DiagonalGaussianDistribution")) return run_posterior_loss(c, report);
  if (from("ClipLoss")) return run_contrastive_loss(c, report);
  if (from("LitEma")) return run_ema(c, report);
  if (from("torch.optim.")) return run_optimizer(c, report);
  if (from("VectorQuantizer2") && c.has_input("z")) return run_vector_quantizer_loss(c, report);
  if (from("remap_to_used")) return run_codebook_subset(c, report);
  if (from("conditional_loss")) return run_huber_loss(c, report);
  if (from("apply_masked_loss")) return run_masked_loss(c, report);
  if (from("apply_noise_offset")) return run_noise_offset(c, report);
  if (from("pyramid_noise_like")) return run_pyramid_noise(c, report);
  if (from("apply_snr_weight")) return run_snr_weights(c, report);
  if (from("lr_scheduler.py") || from("diffusers/optimization.py")) {
    return run_lr_schedules(c, report);
  }
  if (from("EMAModel.get_decay")) return run_ema_decay(c, report);
  throw Skip("not built yet: " + source);
}

}  // namespace sfumato::golden
