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
  if (from("torch.optim.Adam")) return run_optimizer(c, report);
  if (from("VectorQuantizer2") && c.has_input("z")) return run_vector_quantizer_loss(c, report);
  if (from("remap_to_used")) return run_codebook_subset(c, report);
  throw Skip("not built yet: " + source);
}

}  // namespace sfumato::golden
