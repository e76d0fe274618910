#include "sfumato/family/network.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"
#include "sfumato/family/family.h"
#include "sfumato/tensor/autocast.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

/// x_t with the channel-stacked conditioning of the family.
at::Tensor network_input(const Model& model, const at::Tensor& x_t, const Conditioning& cond) {
  const ConcatConfig& concat = model.config.concat;
  if (concat.kind == ConcatKind::None) return x_t;
  if (!cond.concat) {
    throw Error(ErrorKind::InvalidArgument,
                "models of the family " + model.config.family + " need a " +
                    std::string(concat_kind_name(concat.kind)) + " to condition on");
  }
  expect_shape(*cond.concat, {x_t.size(0), concat.channels, x_t.size(2), x_t.size(3)},
               "channel-stacked conditioning");
  return at::cat({x_t, *cond.concat}, 1);
}

std::optional<at::Tensor> label(const Model& model, const Conditioning& cond) {
  if (!cond.vector || model.unet->config().class_count == 0) return cond.vector;
  return cond.vector->reshape({-1}).to(at::kLong);  // one class or noise level per sample
}

}  // namespace

Network as_network(const Model& model) {
  if (!model.unet) {
    throw Error(ErrorKind::Unsupported,
                "the family " + model.config.family + " is an autoencoder without a denoiser");
  }
  return [model = model](const at::Tensor& x_t, const at::Tensor& t,
                         const Conditioning& cond) mutable {
    const Autocast autocast(model.device, model.dtype);
    return model.unet->forward(network_input(model, x_t, cond), t, cond.context, label(model, cond))
        .to(at::kFloat);
  };
}

ConditionalDenoiser as_denoiser(const Model& model) {
  return make_denoiser(as_network(model), NoiseSchedule(model.config.schedule),
                       model.config.prediction);
}

}  // namespace sfumato
