#include <utility>

#include "sfumato/sampling/run_sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/timesteps.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/model_sampling.h"

namespace sfumato {

std::vector<double> repainting_levels(const SamplerInfo& sampler, const SpacingInfo& spacing,
                                      const NoiseSchedule& schedule, int steps, double strength,
                                      bool all_steps) {
  const PartialRun part = partial_run(steps, strength, all_steps && strength > 0.0);
  std::vector<double> sigmas = run_levels(sampler, spacing, schedule, part.steps);
  const auto wanted = static_cast<std::size_t>(part.last_steps) + 1;
  if (sigmas.size() > wanted) sigmas.erase(sigmas.begin(), sigmas.end() - wanted);
  return sigmas;
}

double noise_at_start(const BatchRun& run) {
  return run.plan ? run.plan->start : run.sigmas.front();
}

BatchRun batch_run(const Model& model, const TextToImageRequest& request,
                   const SamplingSettings& settings) {
  BatchRun run{.sampler = &find_sampler(*request.sampler), .sigmas = {}};
  if (request.spacing == kModelSpacing) {
    run.plan = plan_diffusers(model_sampling(model.config), *request.steps);
    run.sigmas = run.plan->sigmas;
  } else {
    run.sigmas = run_levels(*run.sampler, find_spacing(*request.spacing),
                            NoiseSchedule(model.config.schedule), *request.steps);
  }
  run.guidance = *request.guidance;
  run.guidance_rescale = settings.guidance_rescale;
  run.mimic_scale = settings.mimic_scale;
  run.mimic_percentile = settings.mimic_percentile / 100.0;
  run.eta = request.eta;
  run.churn.amount = settings.churn.value_or(0.0);
  run.churn.min_sigma = settings.churn_min.value_or(0.0);
  if (settings.churn_max.value_or(0.0) > 0.0) run.churn.max_sigma = *settings.churn_max;
  run.noise_scale = settings.churn_noise.value_or(1.0);
  return run;
}

BatchRun repainting_run(const Model& model, const TextToImageRequest& request,
                        const SamplingSettings& settings, double strength, bool all_steps) {
  BatchRun run = batch_run(model, request, settings);
  if (run.plan) {
    const PartialRun part = partial_run(*request.steps, strength, all_steps && strength > 0.0);
    run.plan = plan_diffusers(model_sampling(model.config), part.steps, part.last_steps);
    run.sigmas = run.plan->sigmas;
  } else {
    run.sigmas = repainting_levels(*run.sampler, find_spacing(*request.spacing),
                                   NoiseSchedule(model.config.schedule), *request.steps, strength,
                                   all_steps);
  }
  return run;
}

}  // namespace sfumato
