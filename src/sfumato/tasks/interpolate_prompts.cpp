#include "sfumato/tasks/interpolate_prompts.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

at::Tensor filled_up(const at::Tensor& context, std::int64_t length, const at::Tensor& filler) {
  const std::int64_t missing = length - context.size(1);
  if (missing == 0) return context;
  if (missing % filler.size(1) != 0) {
    throw Error(ErrorKind::Unsupported, "prompts of " + std::to_string(context.size(1)) + " and " +
                                            std::to_string(length) +
                                            " tokens cannot be interpolated");
  }
  return at::cat({context, filler.to(context).repeat({1, missing / filler.size(1), 1})}, 1);
}

std::optional<at::Tensor> mixed_vectors(const std::optional<at::Tensor>& first,
                                        const std::optional<at::Tensor>& second, double amount) {
  if (!first || !second) return first;  // a family has them or not
  return at::lerp(*first, *second, amount);
}

Conditioning mixed_conditioning(const Conditioning& first, const Conditioning& second,
                                double amount, const at::Tensor& filler) {
  Conditioning result = first;
  if (first.context && second.context) {
    const std::int64_t length = std::max(first.context->size(1), second.context->size(1));
    result.context = at::lerp(filled_up(*first.context, length, filler),
                              filled_up(*second.context, length, filler), amount);
  }
  result.vector = mixed_vectors(first.vector, second.vector, amount);
  return result;
}

}  // namespace

ScheduledConditioning between(const ScheduledConditioning& first,
                              const ScheduledConditioning& second, double amount,
                              const at::Tensor& filler) {
  if (amount == 0.0) return first;
  if (amount == 1.0) return second;
  std::set<int> ends;
  for (const auto& entry : first.entries) ends.insert(entry.end_step);
  for (const auto& entry : second.entries) ends.insert(entry.end_step);
  ScheduledConditioning result;
  for (const int end : ends) {
    result.entries.push_back(
        {end, mixed_conditioning(first.at(end), second.at(end), amount, filler)});
  }
  return result;
}

PromptConditioning between(const PromptConditioning& first, const PromptConditioning& second,
                           double amount, const at::Tensor& filler) {
  if (amount == 0.0) return first;
  if (amount == 1.0) return second;
  PromptConditioning result;
  for (std::size_t i = 0; i < std::max(first.parts.size(), second.parts.size()); ++i) {
    if (i >= second.parts.size()) {
      result.parts.push_back({first.parts[i].schedule, first.parts[i].weight * (1.0 - amount)});
    } else if (i >= first.parts.size()) {
      result.parts.push_back({second.parts[i].schedule, second.parts[i].weight * amount});
    } else {
      const auto &a = first.parts[i], &b = second.parts[i];
      result.parts.push_back({between(a.schedule, b.schedule, amount, filler),
                              a.weight + (b.weight - a.weight) * amount});
    }
  }
  return result;
}

}  // namespace sfumato
