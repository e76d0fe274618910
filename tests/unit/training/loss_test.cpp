#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/diffusion/forward_process.h"
#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/training/autoencoder_loss.h"
#include "sfumato/training/contrastive_loss.h"
#include "sfumato/training/diffusion_loss.h"
#include "sfumato/training/distance.h"
#include "sfumato/training/latents.h"
#include "sfumato/training/snr_weights.h"
#include "sfumato/training/training_noise.h"

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
        diffusion_loss(knows, prediction, {.kind = "l2"}, d.schedule, d.x0, d.noise, d.t, {});
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
      diffusion_loss(zero, Prediction::Epsilon, {.kind = "l2"}, d.schedule, d.x0, d.noise, d.t, {});
  const at::Tensor l1 =
      diffusion_loss(zero, Prediction::Epsilon, {.kind = "l1"}, d.schedule, d.x0, d.noise, d.t, {});
  EXPECT_TRUE(at::allclose(l2, d.noise.square().mean({1, 2, 3})));
  EXPECT_TRUE(at::allclose(l1, d.noise.abs().mean({1, 2, 3})));
}

TEST(SnrWeights, LimitTheWeightOfX0) {
  const Draw d;
  const auto snr = [&](int t) {
    const double abar = d.schedule.alphas_cumprod()[static_cast<std::size_t>(t)];
    return abar / (1 - abar);
  };
  const auto eps = snr_weights(Prediction::Epsilon, d.schedule, {.limits = {0.5, 5.0}});
  EXPECT_NEAR(eps[10], 5.0 / snr(10), 1e-12);
  ASSERT_TRUE(snr(400) > 0.5 && snr(400) < 5.0);
  EXPECT_NEAR(eps[400], 1.0, 1e-12);
  EXPECT_NEAR(eps[900], 0.5 / snr(900), 1e-9);
  EXPECT_NEAR(snr_weights(Prediction::Sample, d.schedule, {.limits = {0.5, 5.0}})[900], 0.5, 1e-12);
  EXPECT_NEAR(snr_weights(Prediction::V, d.schedule, {.limits = {0.0, 5.0}})[10],
              5.0 / (snr(10) + 1), 1e-12);
}

TEST(SnrWeights, OfKohyaMultiplyAndNeedTheirPrediction) {
  const Draw d;
  const double abar = d.schedule.alphas_cumprod()[400], snr = abar / (1 - abar);
  const SnrWeighting debiased{.debiased_estimation_loss = true};
  EXPECT_NEAR(snr_weights(Prediction::Epsilon, d.schedule, debiased)[400], 1 / std::sqrt(snr),
              1e-12);
  EXPECT_NEAR(snr_weights(Prediction::Epsilon, d.schedule, debiased)[0], 1 / std::sqrt(1000.0),
              1e-12)
      << "an SNR of 1175 counts as 1000";
  const SnrWeighting both{.limits = {0.0, 0.5}, .v_pred_like_loss = 2.0};
  EXPECT_NEAR(snr_weights(Prediction::Epsilon, d.schedule, both)[400],
              0.5 / snr * (1 + 2 * (snr + 1) / snr), 1e-12);
  const SnrWeighting like_noise{.scale_v_pred_loss_like_noise_pred = true};
  EXPECT_NEAR(snr_weights(Prediction::V, d.schedule, like_noise)[400], abar, 1e-12);

  EXPECT_FALSE(SnrWeighting{}.any());
  EXPECT_THROW(snr_weights(Prediction::Epsilon, d.schedule, like_noise), Error);
  EXPECT_THROW(snr_weights(Prediction::V, d.schedule, both), Error);
  EXPECT_THROW(snr_weights(Prediction::Sample, d.schedule, debiased), Error);
}

TEST(HuberLoss, IsQuadraticNearTheTargetAndLinearFarFromIt) {
  const Draw d;
  const at::Tensor zero = at::zeros({2, 1, 1, 1});
  const DistanceConfig huber{.kind = "huber", .huber_schedule = "constant", .huber_c = 0.1};
  const auto at_distance = [&](const DistanceConfig& config, double far) {
    return distance(config, d.schedule, zero + far, zero, d.t).select(0, 0).item<double>();
  };
  EXPECT_NEAR(at_distance(huber, 1e-2), 1e-4, 1e-6);
  EXPECT_NEAR(at_distance(huber, 101.0) - at_distance(huber, 100.0), 2 * 0.1, 1e-4);
  DistanceConfig smooth = huber;
  smooth.kind = "smooth_l1";
  EXPECT_NEAR(at_distance(smooth, 1.0), at_distance(huber, 1.0) / 0.1, 1e-5);
}

TEST(HuberLoss, ThresholdsFallFromOneWithTheNoise) {
  const Draw d;
  for (const char* name : {"exponential", "snr"}) {
    const auto c = huber_thresholds({.huber_schedule = name, .huber_c = 0.2}, d.schedule);
    ASSERT_EQ(c.size(), 1000u);
    EXPECT_NEAR(c[0], 1.0, 0.06) << name;
    EXPECT_NEAR(c[999], 0.2, 0.01) << name;
    for (std::size_t t = 1; t < c.size(); ++t) ASSERT_LT(c[t], c[t - 1]) << name;
  }
  const DistanceConfig scaled{.huber_schedule = "exponential", .huber_c = 0.25, .huber_scale = 3};
  EXPECT_NEAR(huber_thresholds(scaled, d.schedule)[500], 1.5, 1e-12);
}

TEST(MaskedLoss, CountsTheShareOfEachElementsAreaThatTheMaskCovers) {
  const Draw d;
  at::Tensor mask = at::zeros({2, 1, 6, 6});
  mask.slice(3, 0, 3).fill_(1.0);  // columns 0, 1 and half of the second pair
  const Network zero = [](const at::Tensor& x, const at::Tensor&, const Conditioning&) {
    return at::zeros_like(x);
  };
  const at::Tensor loss =
      diffusion_loss(zero, Prediction::Epsilon, {}, d.schedule, d.x0, d.noise, d.t, {}, mask);
  const at::Tensor share = at::tensor({1.0f, 0.5f, 0.0f});
  EXPECT_TRUE(at::allclose(loss, (d.noise.square() * share).mean({1, 2, 3})));
}

// Hands out ones and the middle of the uniform numbers, and notes what was asked for.
struct Ones {
  std::vector<std::vector<std::int64_t>> shapes;
  RandomNumbers source{.normal =
                           [this](at::IntArrayRef shape) {
                             shapes.push_back(shape.vec());
                             return at::ones(shape);
                           },
                       .uniform = [] { return 0.5; }};
};

TEST(TrainingNoise, IsWhiteUnlessAskedForMore) {
  Ones ones;
  const at::Tensor latents = at::zeros({2, 4, 8, 8});
  EXPECT_TRUE(at::equal(training_noise({}, latents, ones.source), at::ones({2, 4, 8, 8})));
  EXPECT_EQ(ones.shapes.size(), 1u);
}

TEST(TrainingNoise, OffsetShiftsEveryChannelByItsOwnNumber) {
  Ones ones;
  at::Tensor latents = at::zeros({1, 2, 3, 3});
  latents.select(1, 1).fill_(-2.0);
  const NoiseConfig config{.noise_offset = 0.1, .adaptive_noise_scale = 0.25};
  const at::Tensor noise = training_noise(config, latents, ones.source);
  EXPECT_EQ(ones.shapes.back(), (std::vector<std::int64_t>{1, 2, 1, 1}));
  EXPECT_TRUE(at::allclose(noise.select(1, 0), at::full({1, 3, 3}, 1.1)));
  EXPECT_TRUE(at::allclose(noise.select(1, 1), at::full({1, 3, 3}, 1.6)));
  const NoiseConfig negative{.noise_offset = 0.1, .adaptive_noise_scale = -1.0};
  EXPECT_TRUE(at::allclose(training_noise(negative, latents, ones.source).select(1, 1),
                           at::ones({1, 3, 3})))
      << "never below 0";
}

TEST(TrainingNoise, PyramidEndsAtOnePixelWithUnitVariance) {
  Ones ones;
  const at::Tensor white = at::cos(at::arange(18 * 27, at::kFloat)).reshape({1, 1, 18, 27});
  const NoiseConfig config{.multires_noise_iterations = 9, .multires_noise_discount = 0.5};
  const at::Tensor noise = with_pyramid_noise(config, white, ones.source);
  const std::vector<std::vector<std::int64_t>> expected{
      {1, 1, 18, 27}, {1, 1, 6, 9}, {1, 1, 2, 3}, {1, 1, 1, 1}};
  EXPECT_EQ(ones.shapes, expected);  // each a third of the one before
  const at::Tensor sum = white + (1 + 0.5 + 0.25 + 0.125);
  EXPECT_TRUE(at::allclose(noise, sum / sum.std(), 1e-4, 1e-5));
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
