#include <ATen/ATen.h>

#include "golden/kinds/loss_support.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/models/vector_quantizer.h"

namespace sfumato::golden {

void run_vector_quantizer_loss(const Case& c, Report& report) {
  const auto& config = c.config();
  VectorQuantizer quantizer(config.at("n_e").get<int64_t>(), config.at("e_dim").get<int64_t>());
  load_into(*quantizer, c.weights);
  const at::Tensor z = c.input("z").clone().set_requires_grad(true);
  const auto quantized = quantizer->forward(z);

  // van den Oord et al. 2017, eq. 3. The original's first form had beta at the wrong term.
  const double beta = config.at("beta");
  const bool legacy = config.at("legacy");
  const at::Tensor commitment = (quantized.entries.detach() - z).square().mean();
  const at::Tensor codebook = (quantized.entries - z.detach()).square().mean();
  const at::Tensor loss = legacy ? commitment + beta * codebook : codebook + beta * commitment;
  (loss + (quantized.z_q * c.input("grad_out")).sum()).backward();

  report.expect("z_q", quantized.z_q);
  report.expect("loss", loss);
  const at::Tensor want = c.output("indices");
  report.expect("indices", quantized.indices.reshape(want.sizes()));
  report.expect("grad_z", z.grad());
  report.expect("grad_embedding", quantizer->named_parameters()["embedding.weight"].grad());
  report.expect("entry", quantizer->lookup(quantized.indices));
}

void run_codebook_subset(const Case& c, Report& report) {
  const at::Tensor used = c.input("used");
  const auto& unknown = c.config().at("unknown_index");
  if (unknown == "random") throw Skip("codebook subset with random numbers");
  const CodebookSubset subset{
      .used = used, .unknown = unknown == "extra" ? used.size(0) : unknown.get<int64_t>()};
  report.expect("remapped", subset.compact(c.input("indices")));
  report.expect("unmapped", subset.expand(c.input("compact")));
}

}  // namespace sfumato::golden
