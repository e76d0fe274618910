#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/models/autoencoder_kl.h"
#include "sfumato/models/autoencoder_vq.h"

namespace sfumato {
namespace {

AutoencoderConfig tiny_autoencoder(int64_t codebook_size) {
  return {.channels = 8,
          .channel_mult = {1, 2},
          .res_blocks = 1,
          .z_channels = 3,
          .latent_channels = 2,
          .codebook_size = codebook_size,
          .norm_groups = 4};
}

TEST(VectorQuantizer, TakesTheNearestEntry) {
  VectorQuantizer quantizer(7, 3);
  const at::NoGradGuard no_grad;
  const at::Tensor codebook = quantizer->named_parameters()["embedding.weight"];
  codebook.copy_(at::randn({7, 3}));
  const auto z = at::randn({2, 3, 4, 5});
  const auto out = quantizer->forward(z);

  const auto rows = z.permute({0, 2, 3, 1}).reshape({-1, 3});
  const auto distances = (rows.unsqueeze(1) - codebook.unsqueeze(0)).square().sum(-1);
  EXPECT_TRUE(at::equal(out.indices.flatten(), distances.argmin(1)));
  EXPECT_TRUE(at::equal(out.entries, quantizer->lookup(out.indices)));
  EXPECT_TRUE(at::allclose(out.z_q, out.entries, 1e-5, 1e-6));
  EXPECT_TRUE(at::equal(out.entries[1].select(1, 2).select(1, 3),
                        codebook[out.indices[1][2][3].item<int64_t>()]));
}

TEST(VectorQuantizer, LetsTheGradientPassStraightThrough) {
  VectorQuantizer quantizer(7, 3);
  const auto z = at::randn({1, 3, 2, 2}).requires_grad_();
  const auto weights = at::randn({1, 3, 2, 2});
  (quantizer->forward(z).z_q * weights).sum().backward();
  EXPECT_TRUE(at::equal(z.grad(), weights));
  EXPECT_FALSE(quantizer->parameters()[0].grad().defined());
}

TEST(VectorQuantizer, GivesTheCodebookItsOwnGradient) {
  VectorQuantizer quantizer(7, 3);
  const auto z = at::randn({1, 3, 2, 2}).requires_grad_();
  quantizer->forward(z).entries.sum().backward();
  EXPECT_NEAR(quantizer->parameters()[0].grad().sum().item<double>(), 12.0, 1e-4);
  EXPECT_FALSE(z.grad().defined());
}

TEST(VectorQuantizer, RefusesOtherWidths) {
  VectorQuantizer quantizer(7, 3);
  EXPECT_THROW(quantizer->forward(at::zeros({1, 4, 2, 2})), Error);
  EXPECT_THROW(VectorQuantizer(0, 3), Error);
}

TEST(CodebookSubset, NumbersTheUsedEntriesAnew) {
  const CodebookSubset subset{.used = at::tensor({2, 5, 9}, at::kLong), .unknown = 3};
  const auto numbers = subset.compact(at::tensor({9, 2, 7, 5}, at::kLong));
  EXPECT_TRUE(at::equal(numbers, at::tensor({2, 0, 3, 1}, at::kLong)));
  EXPECT_TRUE(at::equal(subset.expand(numbers), at::tensor({9, 2, 2, 5}, at::kLong)));
}

TEST(AutoencoderVQ, HasLatentsOfTheCodebooksWidth) {
  AutoencoderVQ model(tiny_autoencoder(11));
  const auto z = model->encode(at::randn({1, 3, 8, 12}));
  ASSERT_EQ(z.sizes(), at::IntArrayRef({1, 2, 4, 6}));
  EXPECT_EQ(model->decode(z).sizes(), at::IntArrayRef({1, 3, 8, 12}));
  EXPECT_EQ(model->named_parameters()["quantize.embedding.weight"].sizes(),
            at::IntArrayRef({11, 2}));
  EXPECT_THROW(AutoencoderVQ(tiny_autoencoder(0)), Error);
}

TEST(AutoencoderVQ, DecodesTheQuantizedLatent) {
  AutoencoderVQ model(tiny_autoencoder(11));
  const at::NoGradGuard no_grad;
  const auto z = model->encode(at::randn({1, 3, 8, 8}));
  const auto quantized = model->quantize(z);
  // z_q is the entries up to rounding, which a random decoder may enlarge.
  EXPECT_TRUE(at::allclose(quantized.z_q, quantized.entries, 1e-5, 1e-6));
  EXPECT_TRUE(at::equal(model->decode(z), model->decode_as_is(quantized.z_q)));
  EXPECT_TRUE(
      at::equal(model->decode_as_is(quantized.entries), model->decode_indices(quantized.indices)));
  EXPECT_FALSE(at::allclose(model->decode(z), model->decode_as_is(z)));
}

TEST(AutoencoderVQ, TrainsTheEncoderThroughTheCodebook) {
  AutoencoderVQ model(tiny_autoencoder(11));
  model->decode(model->encode(at::randn({1, 3, 8, 8}))).square().sum().backward();
  EXPECT_GT(model->named_parameters()["encoder.conv_in.weight"].grad().abs().sum().item<double>(),
            0.0);
}

TEST(AutoencoderKL, EncodesToAPosteriorAndTrains) {
  AutoencoderKL model(tiny_autoencoder(0));
  const auto posterior = model->encode(at::randn({2, 3, 8, 8}));
  ASSERT_EQ(posterior.mean.sizes(), at::IntArrayRef({2, 2, 4, 4}));
  const auto image = model->decode(posterior.sample(at::randn({2, 2, 4, 4})));
  ASSERT_EQ(image.sizes(), at::IntArrayRef({2, 3, 8, 8}));
  (image.square().mean() + posterior.kl().mean()).backward();
  for (const auto& parameter : model->named_parameters()) {
    EXPECT_TRUE(parameter.value().grad().defined()) << parameter.key();
  }
}

TEST(DiagonalGaussian, MatchesTheClosedForms) {
  const auto mean = at::randn({2, 1, 3, 3}), logvar = at::randn({2, 1, 3, 3});
  const auto q = DiagonalGaussian::from_moments(at::cat({mean, logvar}, 1));
  EXPECT_TRUE(at::equal(q.sample(at::zeros_like(mean)), mean));
  EXPECT_TRUE(at::allclose(q.sample(at::ones_like(mean)) - mean, (0.5 * logvar).exp(), 1e-4, 1e-5));
  const auto standard = DiagonalGaussian::from_moments(at::zeros({1, 2, 3, 3}));
  EXPECT_NEAR(standard.kl().item<double>(), 0.0, 1e-6);
  const auto wild = DiagonalGaussian::from_moments(at::full({1, 2, 1, 1}, 100.0));
  EXPECT_EQ(wild.logvar.item<double>(), 20.0);
}

}  // namespace
}  // namespace sfumato
