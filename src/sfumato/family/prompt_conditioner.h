#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sfumato/diffusion/prompt_guidance.h"
#include "sfumato/family/conditioner.h"
#include "sfumato/family/model.h"
#include "sfumato/text/prompt_attention.h"
#include "sfumato/text/prompt_schedule.h"

namespace sfumato {

/// A word of textual inversion (Gal et al. 2022, arXiv:2208.01618, sec. 4), known by its name.
struct LearnedWord {
  std::string name;
  std::vector<at::Tensor> vectors;  ///< [count, width], one for every text encoder of the model
};

/// How the text encoders read a prompt.
struct PromptOptions {
  Emphasis emphasis = Emphasis::Original;
  /// 0: the family's own hidden state; n: the n-th from the end, if that is an earlier one.
  std::int64_t clip_skip = 0;
  /// How many tokens a full chunk may be cut back to end at a comma; 0: never.
  int comma_backtrack = 20;
  std::vector<LearnedWord> words = {};
};

/// A prompt in A1111's grammar, its tags <lora:...> taken out before, as what the network is
/// conditioned on: the prompts that AND joins, each with its texts over the steps, each text
/// encoded in chunks that follow each other in the context, weighted by its brackets. The pooled
/// vector of the families that have one is that of the first chunk, without weights. Throws
/// Unsupported for a family that takes no prompts, InvalidArgument for a learned word that does not
/// fit the encoders.
PromptConditioning condition_prompt(const Model& model, const std::string& prompt,
                                    const PromptSteps& steps, const SizeConditioning& size,
                                    const PromptOptions& options);

/// The same for a negative prompt, in which AND is an ordinary word. Empty, it becomes zeros in the
/// families that were trained so.
ScheduledConditioning condition_negative_prompt(const Model& model, const std::string& prompt,
                                                const PromptSteps& steps,
                                                const SizeConditioning& size,
                                                const PromptOptions& options);

}  // namespace sfumato
