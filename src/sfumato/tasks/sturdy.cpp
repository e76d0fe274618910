#include "sfumato/tasks/sturdy.h"

#include <ATen/ATen.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/family/network.h"
#include "sfumato/nn/layers.h"
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

// Indices [n] of the rows of x [B, ...] that hold NaN or infinite values.
at::Tensor unsound_rows(const at::Tensor& x) {
  return at::isfinite(x).flatten(1).all(1).logical_not().nonzero().flatten();
}

Conditioning rows_of(const Conditioning& cond, const at::Tensor& rows) {
  const auto chosen = [&](const std::optional<at::Tensor>& all) {
    return all ? std::optional(all->index_select(0, rows)) : std::nullopt;
  };
  return {chosen(cond.context), chosen(cond.vector), chosen(cond.concat)};
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
  // The model and, as far as they were needed, the wider ones; each answers what those before it
  // could not.
  struct Tries {
    std::vector<Model> models;
    std::vector<Network> networks;
  };
  if (model.unet) nn::keep_packed(*model.unet.ptr());
  return [tries = Tries{{model}, {as_network(model)}}, observer](
             const at::Tensor& x_t, const at::Tensor& t, const Conditioning& cond) mutable {
    at::Tensor answer = tries.networks.front()(x_t, t, cond);
    for (std::size_t i = 1; !all_finite(answer); ++i) {
      expect_sound_input(x_t);
      if (i == tries.models.size()) {
        tries.models.push_back(for_another_try(tries.models.back(), WidePart::Unet, observer));
        tries.networks.push_back(as_network(tries.models.back()));
      }
      const at::Tensor rows = unsound_rows(answer);
      const auto of_rows = [&](const at::Tensor& all) { return all.index_select(0, rows); };
      answer.index_copy_(0, rows, tries.networks[i](of_rows(x_t), of_rows(t), rows_of(cond, rows)));
    }
    return answer;
  };
}

}  // namespace sfumato
