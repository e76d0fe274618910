#include "sfumato/sampling/run_sampler.h"

#include <ATen/ATen.h>

#include <utility>

#include "sfumato/diffusion/consistency.h"
#include "sfumato/sampling/ode.h"
#include "sfumato/tensor/random/brownian.h"

namespace sfumato {
namespace {

using OpenDenoiser = std::function<ConditionalDenoiser(const GuidedNetwork&)>;

SplitGuidance guided_alone(const GuidedNetwork& model, const ConditionalDenoiser& open,
                           double scale, bool both) {
  if (model.guide) return model.guide(open, scale, both);
  if (both) return classifier_free_split(open, model.cond, model.uncond, scale);
  return {classifier_free(open, model.cond, model.uncond, scale), nullptr};
}

SplitGuidance succeeded(SplitGuidance first, SplitGuidance second,
                        std::function<bool(double)> succeeds) {
  const auto at_second = std::make_shared<bool>(false);
  const Denoiser both = [=, now = first.guided, then = second.guided,
                         succeeds = std::move(succeeds)](const at::Tensor& x, double sigma) {
    *at_second = *at_second || succeeds(sigma);
    return *at_second ? then(x, sigma) : now(x, sigma);
  };
  return {both, [=, now = std::move(first.unconditional), then = std::move(second.unconditional)] {
            return *at_second ? then() : now();
          }};
}

SplitGuidance guided(const GuidedNetwork& model, const OpenDenoiser& open, double scale,
                     bool both) {
  SplitGuidance first = guided_alone(model, open(model), scale, both);
  if (!model.successor) return first;
  const GuidedNetwork& next = *model.successor;
  return succeeded(std::move(first), guided_alone(next, open(next), scale, both), model.succeeds);
}

}  // namespace

at::Tensor run_sampler(const SamplerInfo& sampler, const GuidedNetwork& model, at::Tensor x,
                       std::span<const double> sigmas, SamplerEnv env) {
  const auto open = [&](const GuidedNetwork& m) {
    return sampler.has(kConsistency) ? consistency_denoiser(m.network, m.schedule, m.prediction)
                                     : make_denoiser(m.network, m.schedule, m.prediction);
  };
  const double scale = model.guidance / sampler.guidance_divisor;
  const bool both = sampler.has(kGuidanceDirection);
  auto [denoise, unconditional] = guided(model, open, scale, both);
  if (both) env.direction = std::move(unconditional);
  if (model.wrap) denoise = model.wrap(std::move(denoise));
  env.schedule = &model.schedule;
  return sampler.run(denoise, std::move(x), sigmas, env);
}

at::Tensor run_plan(const SamplingPlan& plan, const GuidedNetwork& model, at::Tensor x,
                    const SamplerEnv& env) {
  const auto open = [&](const GuidedNetwork& m) {
    return plan.consistency ? consistency_denoiser(m.network, plan.schedule, m.prediction)
                            : make_denoiser(m.network, plan.timestep, m.prediction);
  };
  Denoiser denoise = guided(model, open, model.guidance, /*both=*/false).guided;
  if (model.wrap) denoise = model.wrap(std::move(denoise));
  return plan.run(denoise, std::move(x), env) * plan.finish;
}

std::vector<double> run_levels(const SamplerInfo& sampler, const SpacingInfo& spacing,
                               const NoiseSchedule& schedule, int steps) {
  if (!sampler.has(kDropLastLevel)) return spacing.sigmas(schedule, steps);
  return discard_penultimate(spacing.sigmas(schedule, steps + 1));
}

std::function<at::Tensor(double, double)> brownian_noise(std::span<const std::uint64_t> seeds,
                                                         const std::string& source,
                                                         at::IntArrayRef shape,
                                                         std::span<const double> sigmas,
                                                         at::Device device) {
  check_sigmas(sigmas, LastStep::MayRest);
  // In single precision, in which the programs that share these paths hold their levels.
  const double high = static_cast<float>(sigmas.front());
  const double last = sigmas.back() > 0.0 ? sigmas.back() : sigmas[sigmas.size() - 2];
  const double low = static_cast<float>(last) < high ? static_cast<float>(last) : 0.5 * high;
  std::vector<BrownianNoise> paths;
  for (const std::uint64_t seed : seeds) paths.emplace_back(source, seed, shape, low, high);
  return [paths = std::move(paths), device](double sigma, double sigma_next) {
    std::vector<at::Tensor> draws;
    for (const auto& path : paths) {
      draws.push_back(path(static_cast<float>(sigma), static_cast<float>(sigma_next)));
    }
    return at::stack(draws).to(device);
  };
}

}  // namespace sfumato
