#include "sfumato/models/autoencoder_vq.h"

#include <ATen/ATen.h>

#include "golden/kinds/runners.h"
#include "golden/kinds/weights.h"
#include "sfumato/models/compvis_config.h"

namespace sfumato::golden {

void run_autoencoder_vq(const Case& c, Report& report) {
  const at::NoGradGuard no_grad;
  auto model = model_with_weights<AutoencoderVQ>(
      autoencoder_from_compvis(c.config().at("first_stage_config")), c.weights,
      c.config().value("weight_prefix", ""));
  const at::Tensor z = model->encode(c.input("image"));
  const auto quantized = model->quantize(z);
  report.expect("prequant", z);
  // Flat in the original unless it was built with `sane_index_shape`.
  report.expect("indices", quantized.indices.reshape(c.output("indices").sizes()));
  report.expect("quantized", quantized.z_q);
  report.expect("decoded", model->decode(z));
  report.expect("decoded_not_quantized", model->decode_as_is(z));
  report.expect("decoded_code", model->decode_indices(quantized.indices));
}

}  // namespace sfumato::golden
