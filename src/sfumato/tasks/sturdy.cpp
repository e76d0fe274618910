#include "sfumato/tasks/sturdy.h"

#include <c10/core/ScalarType.h>

#include <string>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/family/network.h"
#include "sfumato/tensor/finite.h"
#include "sfumato/tensor/memory.h"

namespace sfumato {
namespace {

std::string precision_name(at::ScalarType dtype) {
  if (dtype == at::kHalf) return "float16";
  return dtype == at::kBFloat16 ? "bfloat16" : "float32";
}

std::string stage_name(WidePart part) {
  return part == WidePart::Unet ? "the denoising network" : "the text encoder";
}

// Weights stay in float16, products are computed in bfloat16: slow, but takes no memory.
Model in_bfloat16(const Model& model) {
  Model wide = model;
  wide.dtype = at::kBFloat16;
  return wide;
}

void expect_sound_input(const at::Tensor& x_t) {
  if (all_finite(x_t)) return;
  throw Error(ErrorKind::Unsupported,
              "denoising ran away: the sampler gave the network NaN or infinite values",
              "try a lower --guidance, more --steps or another --sampler");
}

}  // namespace

Model for_another_try(const Model& model, WidePart part, const Observer& observer) {
  const std::string found =
      stage_name(part) + " gave NaN or infinite values in " + precision_name(model.dtype);
  if (model.dtype == at::kFloat) {
    throw Error(ErrorKind::Unsupported, found,
                "the weights may be damaged (sfumato inspect counts what is wrong), or a LoRA's "
                "weight too large");
  }
  const auto free = free_memory(model.device);
  const bool fits = !free || widened_bytes(model, part) <= *free;
  const bool by_halves = !fits && model.dtype == at::kHalf;
  observer.on_note("note: " + found + "; once more in " +
                   precision_name(by_halves ? at::kBFloat16 : at::kFloat));
  return by_halves ? in_bfloat16(model) : widened(model, part);
}

Network sturdy_network(const Model& model, const Observer& observer) {
  return [network = as_network(model), current = model, observer](
             const at::Tensor& x_t, const at::Tensor& t, const Conditioning& cond) mutable {
    at::Tensor answer = network(x_t, t, cond);
    while (!all_finite(answer)) {
      expect_sound_input(x_t);
      current = for_another_try(current, WidePart::Unet, observer);
      network = as_network(current);
      answer = network(x_t, t, cond);
    }
    return answer;
  };
}

}  // namespace sfumato
