#include "sfumato/diffusion/denoiser.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/diffusion/forward_process.h"
#include "sfumato/diffusion/guidance.h"
#include "sfumato/diffusion/inpaint_mask.h"

namespace sfumato {
namespace {

const NoiseSchedule& schedule() {
  static const NoiseSchedule table{NoiseScheduleConfig{}};
  return table;
}

// A made-up network: it believes that the clean picture is tanh of what it sees, and says so as
// noise, velocity or picture.
Network network(Prediction prediction) {
  return [prediction](const at::Tensor& x_t, const at::Tensor& t, const Conditioning& cond) {
    const double sigma = schedule().sigma(t[0].item<double>());
    const double a = 1 / (1 + sigma * sigma);
    at::Tensor x0 = at::tanh(x_t);
    if (cond.vector) x0 = x0 + cond.vector->reshape({-1, 1, 1, 1});
    const at::Tensor eps = (x_t - std::sqrt(a) * x0) / std::sqrt(1 - a);
    if (prediction == Prediction::Sample) return x0;
    return prediction == Prediction::Epsilon ? eps : std::sqrt(a) * eps - std::sqrt(1 - a) * x0;
  };
}

at::Tensor picture() { return at::linspace(-3, 3, 32).reshape({2, 4, 2, 2}); }

TEST(MakeDenoiser, PredictionsAgreeOnTheSameNoise) {
  for (const double sigma : {0.05, 1.0, 7.0, 14.0}) {
    const auto expected = make_denoiser(network(Prediction::Sample), schedule(),
                                        Prediction::Sample)(picture(), sigma, {});
    for (const auto p : {Prediction::Epsilon, Prediction::V}) {
      const auto got = make_denoiser(network(p), schedule(), p)(picture(), sigma, {});
      EXPECT_TRUE(at::allclose(got, expected, 1e-4, 1e-4)) << prediction_name(p) << " at " << sigma;
    }
  }
}

TEST(MakeDenoiser, GivesTheNetworkItsScaleAndTime) {
  const Network spy = [](const at::Tensor& x_t, const at::Tensor& t, const Conditioning&) {
    EXPECT_EQ(t.sizes(), at::IntArrayRef{2});
    EXPECT_NEAR(t[1].item<double>(), 500.0, 1e-3);
    const double sigma = schedule().sigma(500.0);
    EXPECT_TRUE(at::allclose(x_t * std::sqrt(1 + sigma * sigma), picture()));
    return x_t;
  };
  make_denoiser(spy, schedule(), Prediction::Epsilon)(picture(), schedule().sigma(500.0), {});
}

TEST(MakeDenoiser, RecoversThePictureFromTheTrueNoise) {
  const at::Tensor x0 = picture(), noise = at::flip(picture(), {3});
  const auto exact = [&](const at::Tensor&, const at::Tensor&, const Conditioning&) {
    return noise;
  };
  const auto denoise = make_denoiser(exact, schedule(), Prediction::Epsilon);
  EXPECT_TRUE(at::allclose(denoise(x0 + 3.0 * noise, 3.0, {}), x0, 1e-5, 1e-5));
}

TEST(ForwardProcess, ConversionsAreInverse) {
  const at::Tensor x0 = picture(), noise = at::flip(picture(), {1});
  const at::Tensor t = at::tensor({3, 800}, at::kLong);
  const at::Tensor x_t = add_noise(schedule(), x0, noise, t);
  const at::Tensor v = velocity(schedule(), x0, noise, t);
  EXPECT_TRUE(at::allclose(x0_from_eps(schedule(), x_t, noise, t), x0, 1e-4, 1e-4));
  EXPECT_TRUE(at::allclose(x0_from_v(schedule(), x_t, v, t), x0, 1e-4, 1e-4));
  EXPECT_TRUE(at::allclose(eps_from_v(schedule(), x_t, v, t), noise, 1e-4, 1e-4));
  EXPECT_THROW(add_noise(schedule(), x0, noise, at::tensor({3, 1000}, at::kLong)), Error);
  EXPECT_THROW(add_noise(schedule(), x0, noise, at::tensor({-1, 5}, at::kLong)), Error);
}

Conditioning with_vector(double value) {
  return {.context = {}, .vector = at::full({2, 1}, value), .concat = {}};
}

TEST(ClassifierFree, AtScaleOneIsTheConditionalModel) {
  int calls = 0;
  const ConditionalDenoiser counted = [&](const at::Tensor& x, double sigma,
                                          const Conditioning& cond) {
    ++calls;
    EXPECT_EQ(x.size(0), 2);
    return make_denoiser(network(Prediction::Epsilon), schedule(), Prediction::Epsilon)(x, sigma,
                                                                                        cond);
  };
  const auto guided = classifier_free(counted, with_vector(0.5), with_vector(0.0), 1.0);
  const at::Tensor got = guided(picture(), 2.0);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(at::equal(got, counted(picture(), 2.0, with_vector(0.5))));
}

TEST(ClassifierFree, GoesFromUncondTowardsCondInOneCall) {
  int calls = 0;
  const auto denoise = make_denoiser(network(Prediction::V), schedule(), Prediction::V);
  const ConditionalDenoiser counted = [&](const at::Tensor& x, double sigma,
                                          const Conditioning& cond) {
    ++calls;
    return denoise(x, sigma, cond);
  };
  const at::Tensor cond = denoise(picture(), 2.0, with_vector(0.5));
  const at::Tensor uncond = denoise(picture(), 2.0, with_vector(-0.25));
  for (const double scale : {0.0, 7.5}) {
    calls = 0;
    const auto guided = classifier_free(counted, with_vector(0.5), with_vector(-0.25), scale);
    EXPECT_TRUE(at::allclose(guided(picture(), 2.0), uncond + scale * (cond - uncond), 1e-4, 1e-4));
    EXPECT_EQ(calls, 1);
  }
}

TEST(ClassifierFree, RefusesHalvesThatDoNotFit) {
  const auto denoise = make_denoiser(network(Prediction::V), schedule(), Prediction::V);
  EXPECT_THROW(classifier_free(denoise, with_vector(0.5), {}, 2.0), Error);
  const Conditioning longer{.context = at::zeros({2, 9, 4}), .vector = {}, .concat = {}};
  const Conditioning shorter{.context = at::zeros({2, 7, 4}), .vector = {}, .concat = {}};
  EXPECT_THROW(classifier_free(denoise, longer, shorter, 2.0), Error);
}

TEST(RescaleGuidance, RestoresTheSpreadOfTheConditional) {
  const at::Tensor cond = picture(), guided = 5.0 * picture() + 1.0;
  const at::Tensor rescaled = rescale_guidance(guided, cond, 1.0);
  EXPECT_TRUE(at::allclose(rescaled.flatten(1).std(1), cond.flatten(1).std(1)));
  EXPECT_TRUE(at::equal(rescale_guidance(guided, cond, 0.0), guided));
}

TEST(ProjectedGuidance, WithEverythingKeptIsPlainGuidance) {
  const at::Tensor cond = picture(), uncond = at::flip(picture(), {2});
  ProjectedGuidance guidance({.scale = 3.0});
  EXPECT_TRUE(at::allclose(guidance(cond, uncond), guide(cond, uncond, 3.0), 1e-4, 1e-4));
}

TEST(GuideByAll, OnePromptIsPlainGuidance) {
  const at::Tensor cond = picture(), uncond = at::flip(picture(), {2});
  EXPECT_TRUE(at::allclose(guide_by_all({cond}, {1.0}, uncond, 4.0), guide(cond, uncond, 4.0)));
  EXPECT_THROW(guide_by_all({cond}, {1.0, 2.0}, uncond, 4.0), Error);
}

TEST(MatchLength, RepeatsTheLastVectorOrCuts) {
  const at::Tensor tokens = at::arange(6, at::kFloat).reshape({1, 3, 2});
  EXPECT_TRUE(at::equal(match_length(tokens, 2), tokens.narrow(1, 0, 2)));
  const at::Tensor longer = match_length(tokens, 5);
  EXPECT_TRUE(at::equal(longer.select(1, 4), tokens.select(1, 2)));
  EXPECT_THROW(match_length(tokens, 0), Error);
}

TEST(KeepKnown, ReturnsTheKnownPartAndDenoisesTheRest) {
  const Denoiser zero = [](const at::Tensor& x, double) { return at::zeros_like(x); };
  const at::Tensor mask = at::zeros({1, 1, 2, 2});
  mask[0][0][0] = 1.0;
  const auto kept = keep_known(zero, picture(), at::ones_like(picture()), mask);
  const at::Tensor got = kept(100.0 * picture(), 2.0);
  EXPECT_TRUE(at::equal(got.select(2, 0), picture().select(2, 0)));
  EXPECT_EQ(got.select(2, 1).abs().max().item<float>(), 0.0f);
}

TEST(Prediction, NamesRoundTrip) {
  for (const auto p : {Prediction::Epsilon, Prediction::V, Prediction::Sample}) {
    EXPECT_EQ(parse_prediction(prediction_name(p)), p);
  }
  EXPECT_THROW(parse_prediction("epsilon"), Error);
}

}  // namespace
}  // namespace sfumato
