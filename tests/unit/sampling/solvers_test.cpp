// The general solvers behind the table of samplers, on the data N(0, s²) with its known solution.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/sampling/ddim_invert.h"
#include "sfumato/sampling/dpm_solver.h"
#include "sfumato/sampling/grid_singlestep.h"
#include "sfumato/sampling/multistep.h"
#include "sfumato/sampling/run_sampler.h"
#include "sfumato/sampling/sa_solver.h"
#include "sfumato/sampling/sample_keeping.h"
#include "sfumato/sampling/singlestep.h"
#include "sfumato/sampling/unipc.h"

namespace sfumato {
namespace {

constexpr double kSpread = 0.7, kHigh = 10.0, kLow = 0.1;

at::Tensor spread_denoiser(const at::Tensor& x, double sigma) {
  return x * (kSpread * kSpread / (kSpread * kSpread + sigma * sigma));
}

std::vector<double> geometric_levels(int steps, double from = kHigh, double to = kLow) {
  std::vector<double> sigmas;
  for (int i = 0; i <= steps; ++i) sigmas.push_back(from * std::pow(to / from, double(i) / steps));
  return sigmas;
}

double exact() {
  return std::sqrt((kSpread * kSpread + kLow * kLow) / (kSpread * kSpread + kHigh * kHigh));
}
at::Tensor one() { return at::ones({1, 1, 1, 1}, at::kDouble); }

struct Solver {
  std::string name;
  std::function<at::Tensor(std::span<const double>)> run;
};

std::vector<Solver> solvers() {
  std::vector<Solver> all;
  const SamplerEnv env;
  for (const bool predict_x0 : {true, false}) {
    const std::string form = predict_x0 ? " x0" : " eps";
    for (const int order : {2, 3}) {
      const std::string name = std::to_string(order) + form;
      for (const bool heun : {false, true}) {
        all.push_back({"dpm multistep " + name + (heun ? " heun" : ""), [=](auto sigmas) {
                         return dpm_solver_multistep(
                             spread_denoiser, one(), sigmas, env,
                             {.order = order, .predict_x0 = predict_x0, .heun = heun});
                       }});
        all.push_back({"grid singlestep " + name + (heun ? " heun" : ""), [=](auto sigmas) {
                         const int steps = static_cast<int>(sigmas.size()) - 1;
                         return grid_singlestep(spread_denoiser, one(), sigmas, env,
                                                {.orders = grid_orders(steps, order, false),
                                                 .predict_x0 = predict_x0,
                                                 .heun = heun});
                       }});
      }
      all.push_back({"singlestep " + name, [=](auto sigmas) {
                       const std::vector<int> orders(sigmas.size() - 1, order);
                       return singlestep_run(spread_denoiser, one(), sigmas, orders, env,
                                             {.predict_x0 = predict_x0});
                     }});
      for (const auto variant : {UniPcVariant::Bh1, UniPcVariant::Bh2}) {
        all.push_back({"unipc " + name, [=](auto sigmas) {
                         return unipc(
                             spread_denoiser, one(), sigmas, env,
                             {.order = order, .variant = variant, .predict_x0 = predict_x0});
                       }});
      }
    }
  }
  all.push_back({"sa", [=](auto sigmas) {
                   SaSolverOptions options;
                   options.tau = [](double, double) { return 0.0; };
                   return sa_solver_with(spread_denoiser, one(), sigmas, env, options);
                 }});
  for (const auto weights : {lms_weights, deis_log_weights}) {
    all.push_back({"multistep", [=](auto sigmas) {
                     return linear_multistep(spread_denoiser, one(), sigmas, env,
                                             {.weights = weights, .taper = true});
                   }});
  }
  all.push_back({"pndm", [=](auto sigmas) {
                   return linear_multistep(
                       spread_denoiser, one(), sigmas, env,
                       {.weights = lms_weights, .start = MultistepOptions::Start::RungeKutta});
                 }});
  return all;
}

TEST(Solvers, AreOfSecondOrderAtLeast) {
  for (const Solver& solver : solvers()) {
    const auto error = [&](int steps) {
      return std::abs(solver.run(geometric_levels(steps)).item<double>() - exact());
    };
    EXPECT_LT(error(96), 1e-3 * exact()) << solver.name;
    // UniPC shows its order late: first steps of order 1 fade slowly.
    const double coarse = error(256), fine = error(512);
    EXPECT_GT(std::log2(coarse / (fine + 1e-12)), 1.7) << solver.name;
  }
}

TEST(AdaptiveSolver, ReachesItsTolerance) {
  for (const int order : {2, 3}) {
    AdaptiveOptions options;
    options.order = order;
    options.relative = 1e-3;
    options.absolute = 1e-4;
    for (const auto run : {dpm_solver_adaptive, dpm_solver_adaptive_paper}) {
      const auto result = run(spread_denoiser, one(), kHigh, kLow, {}, options);
      EXPECT_NEAR(result.x.item<double>(), exact(), 1e-3) << order;
      EXPECT_GT(result.accepted, 3);
    }
    options.most_steps = 2;
    EXPECT_THROW(dpm_solver_adaptive(spread_denoiser, one(), kHigh, kLow, {}, options), Error);
  }
}

TEST(SinglestepOrders, AddUpToTheCalls) {
  for (int calls = 1; calls < 20; ++calls) {
    for (const int order : {1, 2, 3}) {
      int sum = 0;
      for (const int o : singlestep_orders(calls, order)) sum += o;
      EXPECT_EQ(sum, calls) << order;
      EXPECT_EQ(grid_orders(calls, order, true).size(), static_cast<std::size_t>(calls));
    }
  }
}

TEST(DdimInvert, IsUndoneByDdim) {
  auto rising = geometric_levels(400, kLow, kHigh);
  const auto top = ddim_invert(spread_denoiser, one(), rising);
  const auto back = ddim(spread_denoiser, top, geometric_levels(400), {});
  EXPECT_NEAR(back.item<double>(), 1.0, 1e-2);
  EXPECT_THROW(ddim_invert(spread_denoiser, one(), geometric_levels(4)), Error);
}

TEST(SampleKeeping, EndsOnTheEstimateOfTheKnownPart) {
  SamplerEnv env;
  env.noise = [](double, double) { return at::zeros({1, 1, 1, 2}, at::kDouble); };
  const auto known = at::full({1, 1, 1, 2}, 5.0, at::kDouble);
  const auto mask = at::tensor({1.0, 0.0}, at::kDouble).reshape({1, 1, 1, 2});
  int steps = 0;
  env.on_step = [&](const Step& step) {
    EXPECT_EQ(step.index, steps++);
    EXPECT_EQ(step.count, 4);
  };
  const Denoiser identity = [](const at::Tensor& x, double) { return x; };
  const auto x = sample_keeping(ddim, identity, at::zeros({1, 1, 1, 2}, at::kDouble),
                                geometric_levels(4), env, known, mask);
  EXPECT_EQ(x[0][0][0][0].item<double>(), 5.0);
  EXPECT_EQ(x[0][0][0][1].item<double>(), 0.0);
  EXPECT_EQ(steps, 4);
}

TEST(RunSampler, GivesEverySamplerWhatItNeeds) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  const Network network = [](const at::Tensor& x, const at::Tensor&, const Conditioning& c) {
    return 0.5 * x + 0.01 * c.vector->reshape({-1, 1, 1, 1});
  };
  const Conditioning cond{.context = {}, .vector = at::ones({2, 1}), .concat = {}};
  const Conditioning uncond{.context = {}, .vector = at::zeros({2, 1}), .concat = {}};
  const GuidedNetwork model{.network = network,
                            .schedule = schedule,
                            .prediction = Prediction::Epsilon,
                            .cond = cond,
                            .uncond = uncond};
  const std::vector<std::uint64_t> seeds{1, 2};
  for (const SamplerInfo& sampler : samplers()) {
    const auto sigmas = run_levels(sampler, find_spacing(sampler.spacing), schedule, 6);
    SamplerEnv env;
    env.noise = brownian_noise(seeds, "torch_cpu", {4, 2, 2}, sigmas, at::kCPU);
    if (!sampler.has(kBrownian)) env.noise = [](double, double) { return at::ones({2, 4, 2, 2}); };
    const auto x =
        run_sampler(sampler, model, at::ones({2, 4, 2, 2}) * sigmas.front(), sigmas, env);
    EXPECT_TRUE(at::isfinite(x).all().item<bool>()) << sampler.name;
    EXPECT_EQ(x.scalar_type(), at::kFloat) << sampler.name;
  }
}

TEST(RunLevels, DropTheLastButOne) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  const auto& karras = find_spacing("karras");
  const auto plain = run_levels(find_sampler("dpmpp_2m"), karras, schedule, 8);
  const auto dropped = run_levels(find_sampler("dpm_2"), karras, schedule, 8);
  EXPECT_EQ(plain.size(), dropped.size());
  EXPECT_GT(dropped[7], plain[7]);
}

}  // namespace
}  // namespace sfumato
