#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/diffusion/forward_process.h"
#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/training/autoencoder_loss.h"
#include "sfumato/training/contrastive_loss.h"
#include "sfumato/training/diffusion_loss.h"
#include "sfumato/training/latents.h"

namespace sfumato {
namespace {

struct Draw {
  NoiseSchedule schedule{NoiseScheduleConfig{}};
  at::Tensor x0 = at::arange(2 * 4 * 3 * 3, at::kFloat).reshape({2, 4, 3, 3}) / 40 - 1;
  at::Tensor noise = at::cos(x0 * 17);
  at::Tensor t = at::tensor({10, 900}, at::kLong);
};

TEST(DiffusionLoss, IsZeroForTheNetworkThatKnowsTheAnswer) {
  const Draw d;
  for (const auto prediction : {Prediction::Epsilon, Prediction::V, Prediction::Sample}) {
    const at::Tensor answer = diffusion_target(prediction, d.schedule, d.x0, d.noise, d.t);
    const Network knows = [&](const at::Tensor&, const at::Tensor&, const Conditioning&) {
      return answer;
    };
    const at::Tensor loss =
        diffusion_loss(knows, prediction, Distance::L2, d.schedule, d.x0, d.noise, d.t, {});
    EXPECT_EQ(loss.sizes(), at::IntArrayRef({2}));
    EXPECT_EQ(loss.abs().max().item<double>(), 0.0);
  }
}

TEST(DiffusionLoss, VAndNoisySampleDetermineX0AndNoise) {
  const Draw d;
  const at::Tensor x_t = add_noise(d.schedule, d.x0, d.noise, d.t);
  const at::Tensor v = diffusion_target(Prediction::V, d.schedule, d.x0, d.noise, d.t);
  const at::Tensor abar = lookup(d.schedule.alphas_cumprod(), d.t, d.x0);
  EXPECT_TRUE(at::allclose(abar.sqrt() * x_t - (1 - abar).sqrt() * v, d.x0, 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose((1 - abar).sqrt() * x_t + abar.sqrt() * v, d.noise, 1e-4, 1e-5));
}

TEST(DiffusionLoss, IsOnePerSampleAndPredictionOfZeroCostsTheNoise) {
  const Draw d;
  const Network zero = [](const at::Tensor& x, const at::Tensor&, const Conditioning&) {
    return at::zeros_like(x);
  };
  const at::Tensor l2 =
      diffusion_loss(zero, Prediction::Epsilon, Distance::L2, d.schedule, d.x0, d.noise, d.t, {});
  const at::Tensor l1 =
      diffusion_loss(zero, Prediction::Epsilon, Distance::L1, d.schedule, d.x0, d.noise, d.t, {});
  EXPECT_TRUE(at::allclose(l2, d.noise.square().mean({1, 2, 3})));
  EXPECT_TRUE(at::allclose(l1, d.noise.abs().mean({1, 2, 3})));
}

TEST(SnrWeights, LimitTheWeightOfX0) {
  const Draw d;
  const auto snr = [&](int t) {
    const double abar = d.schedule.alphas_cumprod()[static_cast<std::size_t>(t)];
    return abar / (1 - abar);
  };
  const auto eps = snr_weights(Prediction::Epsilon, d.schedule, {0.5, 5.0});
  EXPECT_NEAR(eps[10], 5.0 / snr(10), 1e-12);
  ASSERT_TRUE(snr(400) > 0.5 && snr(400) < 5.0);
  EXPECT_NEAR(eps[400], 1.0, 1e-12);
  EXPECT_NEAR(eps[900], 0.5 / snr(900), 1e-9);
  EXPECT_NEAR(snr_weights(Prediction::Sample, d.schedule, {0.5, 5.0})[900], 0.5, 1e-12);
  EXPECT_NEAR(snr_weights(Prediction::V, d.schedule, {0.0, 5.0})[10], 5.0 / (snr(10) + 1), 1e-12);
}

TEST(AutoencoderLoss, AddsReconstructionAndWeightedKl) {
  const at::Tensor image = at::zeros({2, 3, 4, 4});
  const DiagonalGaussian posterior{.mean = at::ones({2, 2, 1, 1}),
                                   .logvar = at::zeros({2, 2, 1, 1})};
  const auto loss = autoencoder_loss(image, image + 0.5, posterior, 0.1);
  EXPECT_NEAR(loss.reconstruction.item<double>(), 0.5, 1e-6);
  EXPECT_NEAR(loss.kl.item<double>(), 1.0, 1e-6);  // 2 numbers of mean 1: 2 * 0.5
  EXPECT_NEAR(loss.total.item<double>(), 0.5 + 0.1 / 48 * 1.0, 1e-6);
}

TEST(ContrastiveLoss, IsLogOfTheBatchWithoutKnowledgeAndNearZeroWithIt) {
  const at::Tensor scale = at::full({}, std::log(100.0));
  const at::Tensor same = at::ones({5, 3});
  EXPECT_NEAR(contrastive_loss(same, same, scale).item<double>(), std::log(5.0), 1e-5);
  const at::Tensor own = at::eye(5) * 3.0;
  EXPECT_LT(contrastive_loss(own, own * 0.1, scale).item<double>(), 1e-6);
}

TEST(LatentScale, BringsDrawnLatentsToUnitVariance) {
  at::Tensor moments = at::zeros({64, 2, 16, 16});
  moments.select(1, 1).fill_(2 * std::log(4.0));  // mean 0, standard deviation 4
  EXPECT_NEAR(latent_scale(moments), 0.25, 0.005);
}

}  // namespace
}  // namespace sfumato
