#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sfumato/diffusion/denoiser.h"

namespace sfumato {

/// Classifier-free guidance (Ho & Salimans 2022, eq. 6) in one network call per step:
/// D(uncond) + scale * (D(cond) - D(uncond)). scale == 1 skips the unconditional half.
/// `cond` and `uncond` have the batch size of x.
Denoiser classifier_free(ConditionalDenoiser denoise, Conditioning cond, Conditioning uncond,
                         double scale);

/// The same for samplers that also need the unconditional half (CFG++): `unconditional` gives that
/// of the last call. Both halves are computed whatever the scale.
struct SplitGuidance {
  Denoiser guided;
  std::function<at::Tensor()> unconditional;
};
SplitGuidance classifier_free_split(ConditionalDenoiser denoise, Conditioning cond,
                                    Conditioning uncond, double scale);

/// uncond + scale * (cond - uncond): the same on predictions of any kind.
at::Tensor guide(const at::Tensor& cond, const at::Tensor& uncond, double scale);

/// Brings a guided prediction back to the spread of the conditional one, then mixes both by
/// phi in [0, 1] (Lin et al. 2023, arXiv:2305.08891, eqs. 15-16). Shapes [B, ...]; per image.
at::Tensor rescale_guidance(const at::Tensor& guided, const at::Tensor& cond, double phi);

/// The same on estimates of x0 at the noise level `sigma`: the spread is that of the network's own
/// predictions, which x and the estimates tell.
at::Tensor rescale_estimate(const at::Tensor& guided, const at::Tensor& cond, const at::Tensor& x,
                            double sigma, Prediction prediction, double phi);

/// Guidance by a text and a picture (InstructPix2Pix, Brooks et al. 2023, eq. 3).
at::Tensor guide_by_text_and_image(const at::Tensor& text_and_image, const at::Tensor& image,
                                   const at::Tensor& none, double text_scale, double image_scale);

/// Prompts joined by AND (composable diffusion, Liu et al. 2022, eq. 11):
/// uncond + scale * sum_k weights[k] * (conds[k] - uncond).
at::Tensor guide_by_all(const std::vector<at::Tensor>& conds, const std::vector<double>& weights,
                        const at::Tensor& uncond, double scale);

/// Guidance whose part parallel to the conditional prediction is damped (APG, Sadat et al. 2024,
/// arXiv:2410.02416, alg. 1). Predictions [B, ...]; norms and projections per image.
struct ProjectedGuidanceOptions {
  double scale = 7.5;
  double eta = 1.0;             ///< weight of the parallel part; 1 keeps it all
  double norm_threshold = 0.0;  ///< longest allowed difference; 0: no limit
  double momentum = 0.0;        ///< weight of the differences before; usually negative
  /// Start from the conditional prediction, as the paper, whose scale counts from there (0 is the
  /// conditional model).
  bool from_cond = false;
};
class ProjectedGuidance {
 public:
  explicit ProjectedGuidance(const ProjectedGuidanceOptions& options) : options_(options) {}
  at::Tensor operator()(const at::Tensor& cond, const at::Tensor& uncond);

 private:
  ProjectedGuidanceOptions options_;
  at::Tensor running_;  // momentum sum of the differences so far
};

/// `tokens` [B, T, D] cut to T = length, or lengthened by repeats of its last vector, so that two
/// prompts of different length fit into one batch.
at::Tensor match_length(const at::Tensor& tokens, std::int64_t length);

}  // namespace sfumato
