#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sfumato/diffusion/denoiser.h"
#include "sfumato/diffusion/guidance.h"
#include "sfumato/diffusion/mimic_guidance.h"

namespace sfumato {

/// A conditioning of one picture that changes during a run (prompt editing, alternating words).
struct ScheduledConditioning {
  struct Entry {
    int end_step;               ///< the last step of this entry
    Conditioning conditioning;  ///< batch of 1
  };
  std::vector<Entry> entries;  ///< at least one, end_step ascending

  /// The first entry that has not ended before `step`; the very first one when all have. A1111
  /// counts the calls of the network from 0, so its first entry serves one call more.
  const Conditioning& at(int step) const;
};

/// What one picture is painted from: the prompts that AND joins.
struct PromptConditioning {
  struct Part {
    ScheduledConditioning schedule;
    double weight = 1.0;
  };
  std::vector<Part> parts;  ///< at least one
};

/// The network's answers for one picture, [1, C, H, W] each.
struct PromptPredictions {
  std::vector<at::Tensor> conds;  ///< one per part
  std::vector<double> weights;
  at::Tensor uncond;  ///< undefined if it was not asked for
  at::Tensor bare;    ///< as uncond, but without the picture; undefined if it was not asked for
};

/// Asks the network about every part and, unless `negatives` is empty, about the negative prompts.
/// Contexts of one picture's parts are brought to one length; beyond that, what has the same length
/// goes through the network together.
///   x        [B, C, H, W]
///   prompts  B of them, `negatives` B or none
///   step     how often the network was called in this run before
///   bare     ask about the negative prompts once more, with zeros in place of the further channels
std::vector<PromptPredictions> predict_prompts(const ConditionalDenoiser& denoise,
                                               const std::vector<PromptConditioning>& prompts,
                                               const std::vector<ScheduledConditioning>& negatives,
                                               const at::Tensor& x, double sigma, int step,
                                               bool bare = false);

/// Classifier-free guidance by prompts with all of A1111's grammar (composable diffusion, Liu et
/// al. 2022, eq. 11). Counts its calls, so it serves one run. With scale 1 and single prompts of
/// weight 1 the negative prompts are not asked about.
Denoiser guided_by_prompts(ConditionalDenoiser denoise, std::vector<PromptConditioning> prompts,
                           std::vector<ScheduledConditioning> negatives, double scale);

/// How prompts lead.
struct PromptGuidance {
  double scale = 7.5;
  double rescale = 0.0;  ///< phi of rescale_estimate(), towards the first of the prompts
  Prediction prediction = Prediction::Epsilon;  ///< of the network, for rescale
  bool ask_both = false;                        ///< the negative prompts too, whatever the scale
  /// How strongly the picture in the further channels leads (guide_by_text_and_image()).
  double image_scale = 1.0;
  /// With dynamic thresholding (mimic_guidance.h): the weaker scale whose spread is kept, and its
  /// options.
  std::optional<double> mimic_scale = std::nullopt;
  MimicOptions mimic = {};
  /// Counts the calls, by which prompts change; several that follow each other in a run share one.
  std::shared_ptr<int> calls = std::make_shared<int>(0);
};

/// The same for samplers that also need the unconditional half (CFG++).
SplitGuidance split_guided_by_prompts(ConditionalDenoiser denoise,
                                      std::vector<PromptConditioning> prompts,
                                      std::vector<ScheduledConditioning> negatives,
                                      const PromptGuidance& guidance);

}  // namespace sfumato
