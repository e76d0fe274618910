#include "sfumato/tasks/conditioning_vectors.h"

#include <ATen/ATen.h>

#include <vector>

namespace sfumato {
namespace {

at::Tensor row_for(const at::Tensor& rows, std::size_t picture) {
  return rows.narrow(0, rows.size(0) == 1 ? 0 : static_cast<std::int64_t>(picture), 1);
}

void give_vector(ScheduledConditioning& schedule, const at::Tensor& vector) {
  for (auto& entry : schedule.entries) entry.conditioning.vector = vector;
}

}  // namespace

void give_vectors(BatchPrompts& prompts, const at::Tensor& vectors, const at::Tensor& negative) {
  for (std::size_t i = 0; i < prompts.prompts.size(); ++i) {
    for (auto& part : prompts.prompts[i].parts) give_vector(part.schedule, row_for(vectors, i));
    give_vector(prompts.negatives[i], row_for(negative, i));
  }
}

at::Tensor noise_before(std::vector<ImageNoiseOptions>& pictures, at::IntArrayRef shape) {
  std::vector<at::Tensor> draws;
  for (auto& options : pictures) {
    draws.push_back(make_noise_source(options.source, options.seed)(shape));
    options.drawn_before = shape.vec();
  }
  return at::stack(draws);
}

}  // namespace sfumato
