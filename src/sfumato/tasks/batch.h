#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sfumato/diffusion/prompt_guidance.h"
#include "sfumato/family/model.h"
#include "sfumato/family/prompt_conditioner.h"
#include "sfumato/request/sampling_settings.h"
#include "sfumato/request/text_to_image.h"
#include "sfumato/sampling/diffusers_plan.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tasks/decode.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tensor/random/variation.h"
#include "sfumato/text/prompt_styles.h"

namespace sfumato {

// What every task does with a batch of pictures: words to conditioning, noise, a run of a sampler,
// latents to pixels.

/// What each picture of a batch is conditioned on.
struct BatchPrompts {
  std::vector<PromptConditioning> prompts;
  std::vector<ScheduledConditioning> negatives;
};

/// Prompts in A1111's grammar, wildcards and tags taken out, for pictures of width x height.
/// Text encoders that overflow in a half dtype are used in float32, see sturdy.h.
BatchPrompts condition_batch(const Model& model, std::span<const PromptPair> texts,
                             const PromptSteps& steps, int width, int height,
                             const PromptOptions& options, const Observer& observer = {});

/// Plain captions without any grammar, as in training; all with one negative prompt.
BatchPrompts condition_captions(const Model& model, std::span<const std::string> captions,
                                const std::string& negative, int width, int height);

/// How many steps a prompt's numbers count for a run of `steps` with this sampler.
int prompt_steps(const SamplerInfo& sampler, int steps);

/// The noise of a batch. One stream per picture: what a picture gets does not depend on the batch
/// it is in.
class BatchNoise {
 public:
  /// shape of one picture, [C, h, w]
  BatchNoise(std::span<const ImageNoiseOptions> pictures, at::IntArrayRef shape, at::Device device);

  at::Tensor next();  ///< [B, C, h, w], unit noise
  /// Noise of one Brownian path per picture, for the samplers that want it.
  std::function<at::Tensor(double, double)> brownian(std::span<const double> sigmas) const;

 private:
  std::vector<ImageNoise> streams_;
  std::vector<std::uint64_t> seeds_;
  std::string source_;
  std::vector<std::int64_t> shape_;
  at::Device device_;
};

/// Where the noise of one picture comes from. `latent_cell`: pixels per latent cell.
ImageNoiseOptions noise_options(const TextToImageRequest& request, const SamplingSettings& settings,
                                std::uint64_t seed, std::uint64_t variation_seed, int latent_cell);

/// [C, h, w] of a picture of width x height.
std::vector<std::int64_t> latent_shape(const Model& model, int width, int height);

/// The end of a run, as another model paints it.
struct RefinerRun {
  const Model* model;
  double from;  ///< the share of the timesteps after which it takes over
  BatchPrompts prompts;
};

/// One run of a sampler.
struct BatchRun {
  const SamplerInfo* sampler;
  std::vector<double> sigmas;
  /// How the model's own scheduler_config.json samples at these levels; it does what `sampler`
  /// would do.
  std::optional<SamplingPlan> plan = std::nullopt;
  double guidance = 7.5, guidance_rescale = 0.0;
  double image_guidance = 1.0;                       ///< of the picture in `concat`; 1: as it is
  std::optional<double> mimic_scale = std::nullopt;  ///< see PromptGuidance
  double mimic_percentile = 1.0;
  std::optional<double> eta = std::nullopt;
  Churn churn = {};
  double noise_scale = 1.0;
  /// [1 or B, C', h, w]: what families with more input channels see besides the latent.
  std::optional<at::Tensor> concat = std::nullopt;
  /// Changes the guided denoiser, such as keep_known; nothing when empty.
  std::function<Denoiser(Denoiser)> wrap = nullptr;
  std::optional<RefinerRun> refiner = std::nullopt;
  /// Unit noise [B, C, h, w] for the step sigma -> sigma_next, instead of the pictures' own.
  std::function<at::Tensor(double sigma, double sigma_next)> noise = nullptr;
};

/// The noise levels of a run that repaints a share of the picture: the last ones of a run of
/// `steps`, one interval more than the share; with `all_steps` the run is made longer instead, so
/// that `steps` remain. Source: A1111, modules/sd_samplers_common.py, setup_img2img_steps.
std::vector<double> repainting_levels(const SamplerInfo& sampler, const SpacingInfo& spacing,
                                      const NoiseSchedule& schedule, int steps, double strength,
                                      bool all_steps);

/// What unit noise is multiplied by where a run begins with nothing else.
double noise_at_start(const BatchRun& run);

/// The run that a request with its defaults filled in asks for.
BatchRun batch_run(const Model& model, const TextToImageRequest& request,
                   const SamplingSettings& settings);
/// The same for a picture that is painted over: its last levels only, see repainting_levels().
BatchRun repainting_run(const Model& model, const TextToImageRequest& request,
                        const SamplingSettings& settings, double strength, bool all_steps);

/// Denoises x [B, C, h, w], which has the noise of run.sigmas.front(), with sturdy_network().
/// Throws Unsupported when the result is not finite.
at::Tensor denoise_batch(const Model& model, BatchPrompts prompts, const BatchRun& run,
                         const at::Tensor& x, BatchNoise& noise,
                         const std::function<void(const Step&)>& on_step,
                         const Observer& observer = {});

/// Seconds since construction or the last lap.
class Stopwatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - start_).count();
    start_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace sfumato
