#include "sfumato/diffusion/prompt_guidance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using OptionalTensor = std::optional<at::Tensor>;

std::int64_t length_of(const Conditioning& cond) {
  return cond.context ? cond.context->size(1) : 0;
}

/// One question to the network: a picture of the batch and what it is to be seen as.
struct Question {
  std::int64_t picture;
  Conditioning cond;
};

OptionalTensor stack(const std::vector<Question>& questions, const std::vector<std::size_t>& which,
                     OptionalTensor Conditioning::*member) {
  std::vector<at::Tensor> rows;
  for (const auto i : which) {
    if (const auto& row = questions[i].cond.*member) rows.push_back(*row);
  }
  if (rows.empty()) return std::nullopt;
  if (rows.size() != which.size()) {
    throw Error(
        ErrorKind::InvalidArgument,
        "guidance: some of the prompts have a context, vector or picture and some have none");
  }
  return at::cat(rows, 0);
}

// [1, C, H, W] per question.
std::vector<at::Tensor> ask(const ConditionalDenoiser& denoise,
                            const std::vector<Question>& questions, const at::Tensor& x,
                            double sigma) {
  std::map<std::int64_t, std::vector<std::size_t>> by_length;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    by_length[length_of(questions[i].cond)].push_back(i);
  }
  std::vector<at::Tensor> answers(questions.size());
  for (const auto& [length, which] : by_length) {
    std::vector<at::Tensor> pictures;
    for (const auto i : which) pictures.push_back(x.narrow(0, questions[i].picture, 1));
    Conditioning cond;
    cond.context = stack(questions, which, &Conditioning::context);
    cond.vector = stack(questions, which, &Conditioning::vector);
    cond.concat = stack(questions, which, &Conditioning::concat);
    const at::Tensor denoised = denoise(at::cat(pictures, 0), sigma, cond);
    for (std::size_t row = 0; row < which.size(); ++row) {
      answers[which[row]] = denoised.narrow(0, static_cast<std::int64_t>(row), 1);
    }
  }
  return answers;
}

// The conditionings of one picture's parts at a step, their contexts equally long.
std::vector<Conditioning> conditionings_at(const PromptConditioning& prompt, int step) {
  std::vector<Conditioning> conds;
  std::int64_t length = 0;
  for (const auto& part : prompt.parts) {
    conds.push_back(part.schedule.at(step));
    length = std::max(length, length_of(conds.back()));
  }
  for (auto& cond : conds) {
    if (cond.context) cond.context = match_length(*cond.context, length);
  }
  return conds;
}

bool is_plain(const PromptConditioning& prompt) {
  return prompt.parts.size() == 1 && prompt.parts[0].weight == 1.0;
}

Conditioning without_picture(Conditioning cond) {
  if (cond.concat) cond.concat = at::zeros_like(*cond.concat);
  return cond;
}

at::Tensor guided_picture(const PromptPredictions& p, const PromptGuidance& guidance) {
  const auto at_scale = [&](double scale) {
    if (!p.bare.defined()) return guide_by_all(p.conds, p.weights, p.uncond, scale);
    const at::Tensor all = guide_by_all(p.conds, p.weights, p.uncond, 1.0);
    return guide_by_text_and_image(all, p.uncond, p.bare, scale, guidance.image_scale);
  };
  if (!guidance.mimic_scale) return at_scale(guidance.scale);
  return guide_mimicking(at_scale(1.0), at_scale(0.0), guidance.scale, *guidance.mimic_scale,
                         guidance.mimic);
}

}  // namespace

const Conditioning& ScheduledConditioning::at(int step) const {
  if (entries.empty()) {
    throw Error(ErrorKind::InvalidArgument, "guidance: a prompt without a conditioning");
  }
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& e) { return step <= e.end_step; });
  return entry == entries.end() ? entries.front().conditioning : entry->conditioning;
}

std::vector<PromptPredictions> predict_prompts(const ConditionalDenoiser& denoise,
                                               const std::vector<PromptConditioning>& prompts,
                                               const std::vector<ScheduledConditioning>& negatives,
                                               const at::Tensor& x, double sigma, int step,
                                               bool bare) {
  const auto pictures = static_cast<std::int64_t>(prompts.size());
  if (x.dim() < 1 || x.size(0) != pictures ||
      ((bare || !negatives.empty()) && negatives.size() != prompts.size())) {
    throw Error(ErrorKind::InvalidArgument, "guidance: " + std::to_string(prompts.size()) +
                                                " prompts and " + std::to_string(negatives.size()) +
                                                " negative ones for a batch of " +
                                                std::to_string(x.dim() < 1 ? 0 : x.size(0)));
  }
  std::vector<Question> questions;
  for (std::int64_t i = 0; i < pictures; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!negatives.empty()) questions.push_back({i, negatives[at].at(step)});
    if (bare) questions.push_back({i, without_picture(negatives[at].at(step))});
    for (auto& cond : conditionings_at(prompts[at], step))
      questions.push_back({i, std::move(cond)});
  }
  const auto answers = ask(denoise, questions, x, sigma);

  std::vector<PromptPredictions> predictions;
  auto answer = answers.begin();
  for (const auto& prompt : prompts) {
    auto& prediction = predictions.emplace_back();
    if (!negatives.empty()) prediction.uncond = *answer++;
    if (bare) prediction.bare = *answer++;
    for (const auto& part : prompt.parts) {
      prediction.conds.push_back(*answer++);
      prediction.weights.push_back(part.weight);
    }
  }
  return predictions;
}

SplitGuidance split_guided_by_prompts(ConditionalDenoiser denoise,
                                      std::vector<PromptConditioning> prompts,
                                      std::vector<ScheduledConditioning> negatives,
                                      const PromptGuidance& guidance) {
  const bool bare = guidance.image_scale != 1.0;
  const bool plain = !guidance.ask_both && !bare && guidance.scale == 1.0 &&
                     !guidance.mimic_scale && std::all_of(prompts.begin(), prompts.end(), is_plain);
  if (plain) {
    negatives.clear();
  } else if (negatives.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "guidance: there is no negative prompt to lead away from");
  }
  const auto last = std::make_shared<at::Tensor>();
  Denoiser guided = [denoise = std::move(denoise), prompts = std::move(prompts),
                     negatives = std::move(negatives), guidance, plain, bare,
                     last](const at::Tensor& x, double sigma) {
    const int step = (*guidance.calls)++;
    std::vector<at::Tensor> pictures, unconditional;
    for (const auto& p : predict_prompts(denoise, prompts, negatives, x, sigma, step, bare)) {
      const auto row = static_cast<std::int64_t>(pictures.size());
      at::Tensor picture = plain ? p.conds[0] : guided_picture(p, guidance);
      if (!plain && guidance.rescale > 0.0) {
        picture = rescale_estimate(picture, p.conds[0], x.narrow(0, row, 1), sigma,
                                   guidance.prediction, guidance.rescale);
      }
      pictures.push_back(picture);
      if (p.uncond.defined()) unconditional.push_back(bare ? p.bare : p.uncond);
    }
    if (!unconditional.empty()) *last = at::cat(unconditional, 0);
    return at::cat(pictures, 0);
  };
  return {std::move(guided), [last] { return *last; }};
}

Denoiser guided_by_prompts(ConditionalDenoiser denoise, std::vector<PromptConditioning> prompts,
                           std::vector<ScheduledConditioning> negatives, double scale) {
  return split_guided_by_prompts(std::move(denoise), std::move(prompts), std::move(negatives),
                                 {.scale = scale})
      .guided;
}

}  // namespace sfumato
