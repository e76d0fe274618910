#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sfumato/diffusion/denoiser.h"
#include "sfumato/diffusion/guidance.h"
#include "sfumato/sampling/diffusers_plan.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"

namespace sfumato {

/// What is sampled: a network, what it is conditioned on, and how strongly.
struct GuidedNetwork {
  Network network;
  NoiseSchedule schedule;
  Prediction prediction;
  Conditioning cond = {}, uncond = {};
  double guidance = 7.5;
  /// Another way of guidance than by cond and uncond, such as split_guided_by_prompts; `both`
  /// halves are asked for when the sampler needs the unconditional one.
  std::function<SplitGuidance(ConditionalDenoiser, double scale, bool both)> guide = nullptr;
  /// Changes the guided denoiser, such as keep_known; nothing when empty.
  std::function<Denoiser(Denoiser)> wrap = nullptr;
  /// Another one that goes on with the same latent once `succeeds` is true of a noise level, and
  /// keeps at it whatever the levels after; null: there is none. Guidance and `wrap` stay.
  std::shared_ptr<const GuidedNetwork> successor = nullptr;
  std::function<bool(double sigma)> succeeds = nullptr;
};

/// Runs a sampler with the denoiser that its traits ask for: plainly guided, split for CFG++, or as
/// a consistency function. Fills env.schedule and env.direction.
at::Tensor run_sampler(const SamplerInfo& sampler, const GuidedNetwork& model, at::Tensor x,
                       std::span<const double> sigmas, SamplerEnv env);

/// The same as a plan has it. Unit noise has to be multiplied by plan.start before, a latent that
/// begins at a lower level by its noise level; the result is what the decoder gets.
at::Tensor run_plan(const SamplingPlan& plan, const GuidedNetwork& model, at::Tensor x,
                    const SamplerEnv& env);

/// The noise levels of a run of `steps`: those of the spacing, and for samplers with kDropLastLevel
/// of one step more, without the level before the last.
std::vector<double> run_levels(const SamplerInfo& sampler, const SpacingInfo& spacing,
                               const NoiseSchedule& schedule, int steps);

/// env.noise for samplers with kBrownian: one path per image over the levels above 0.
///   seeds   one per image; source as make_noise_source
///   shape   of one image, [C, H, W]; draws are [B, C, H, W]
std::function<at::Tensor(double, double)> brownian_noise(std::span<const std::uint64_t> seeds,
                                                         const std::string& source,
                                                         at::IntArrayRef shape,
                                                         std::span<const double> sigmas,
                                                         at::Device device);

}  // namespace sfumato
