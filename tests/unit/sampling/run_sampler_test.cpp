#include "sfumato/sampling/run_sampler.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace sfumato {
namespace {

const NoiseSchedule& table() {
  static const NoiseSchedule schedule{NoiseScheduleConfig{}};
  return schedule;
}

// Predicts `value` everywhere and counts its calls.
GuidedNetwork constant_network(double value, int& calls) {
  return {.network =
              [value, &calls](const at::Tensor& x, const at::Tensor&, const Conditioning&) {
                ++calls;
                return at::full_like(x, value);
              },
          .schedule = table(),
          .prediction = Prediction::Sample,
          .guidance = 1.0};
}

// Asks at falling levels and at a higher one again; gives back all answers.
at::Tensor ask_four_times(const Denoiser& denoise, at::Tensor x, std::span<const double>,
                          const SamplerEnv&) {
  std::vector<at::Tensor> answers;
  for (const double sigma : {10.0, 3.0, 1.0, 5.0}) answers.push_back(denoise(x, sigma));
  return at::cat(answers);
}

TEST(RunSampler, ASuccessorTakesOverForGood) {
  int first_calls = 0, second_calls = 0;
  GuidedNetwork network = constant_network(1.0, first_calls);
  network.successor = std::make_shared<const GuidedNetwork>(constant_network(2.0, second_calls));
  network.succeeds = [](double sigma) { return sigma < 2.0; };
  const SamplerInfo sampler{"four", "", "", ask_four_times, 1, false, "karras"};
  const at::Tensor answers =
      run_sampler(sampler, network, at::zeros({1, 1, 1, 1}), std::vector{10.0, 1.0}, {});
  EXPECT_TRUE(at::equal(answers.flatten(), at::tensor({1.0f, 1.0f, 2.0f, 2.0f})));
  EXPECT_EQ(first_calls, 2);
  EXPECT_EQ(second_calls, 2);
}

TEST(RunSampler, CfgPlusPlusLeansOnTheSuccessorToo) {
  int calls = 0;
  GuidedNetwork network = constant_network(1.0, calls);
  network.cond.vector = network.uncond.vector = at::zeros({1, 1});
  network.successor = std::make_shared<const GuidedNetwork>([&] {
    GuidedNetwork next = constant_network(2.0, calls);
    next.cond.vector = next.uncond.vector = at::zeros({1, 1});
    return next;
  }());
  network.succeeds = [](double sigma) { return sigma < 2.0; };
  SamplerInfo sampler{
      "directions",
      "",
      "",
      [](const Denoiser& denoise, at::Tensor x, std::span<const double>, const SamplerEnv& env) {
        denoise(x, 10.0);
        const at::Tensor first = env.direction();
        denoise(x, 1.0);
        return at::cat({first, env.direction()});
      },
      1,
      false,
      "karras",
      kGuidanceDirection};
  const at::Tensor directions =
      run_sampler(sampler, network, at::zeros({1, 1, 1, 1}), std::vector{10.0, 1.0}, {});
  EXPECT_TRUE(at::equal(directions.flatten(), at::tensor({1.0f, 2.0f})));
}

}  // namespace
}  // namespace sfumato
