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
#include "sfumato/sampling/sampler.h"
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
BatchPrompts condition_batch(const Model& model, std::span<const PromptPair> texts,
                             const PromptSteps& steps, int width, int height,
                             const PromptOptions& options);

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

/// One run of a sampler.
struct BatchRun {
  const SamplerInfo* sampler;
  std::vector<double> sigmas;
  double guidance = 7.5, guidance_rescale = 0.0;
  std::optional<double> eta = std::nullopt;
  Churn churn = {};
  double noise_scale = 1.0;
  /// [1 or B, C', h, w]: what families with more input channels see besides the latent.
  std::optional<at::Tensor> concat = std::nullopt;
  /// Changes the guided denoiser, such as keep_known; nothing when empty.
  std::function<Denoiser(Denoiser)> wrap = nullptr;
};

/// The run that a request with its defaults filled in asks for.
BatchRun batch_run(const Model& model, const TextToImageRequest& request,
                   const SamplingSettings& settings);

/// Denoises x [B, C, h, w], which has the noise of run.sigmas.front(). Throws Unsupported when the
/// result is not finite.
at::Tensor denoise_batch(const Model& model, BatchPrompts prompts, const BatchRun& run,
                         const at::Tensor& x, BatchNoise& noise,
                         const std::function<void(const Step&)>& on_step);

/// Latents -> pixels [B, 3, H, W] in [-1, 1] on the CPU. Throws Unsupported when they are not
/// finite.
at::Tensor decode_batch(const Model& model, const at::Tensor& latents);

/// What an inpainting model sees besides the latent: the mask and the picture without the masked
/// part.
///   pixels [B, 3, H, W] in [-1, 1]; mask [1, 1, H, W], 1 = repaint; both may be undefined: there
///   is no picture, everything is painted return [B, 1 + C, h, w], nothing for the families that
///   take no mask
std::optional<at::Tensor> inpainting_channels(const Model& model, const at::Tensor& pixels,
                                              const at::Tensor& mask, int width, int height);

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
