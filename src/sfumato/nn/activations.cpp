#include "sfumato/nn/activations.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"

namespace sfumato::nn {

Activation parse_activation(const std::string& name) {
  if (name == "gelu") return Activation::Gelu;
  if (name == "quick_gelu") return Activation::QuickGelu;
  throw Error(ErrorKind::InvalidArgument, "unknown activation '" + name + "'",
              "use 'gelu' or 'quick_gelu'");
}

at::Tensor activate(const at::Tensor& x, Activation activation) {
  // In float32: exact, and on a CPU several times faster than LibTorch's bfloat16 kernels.
  const at::Tensor h = x.to(at::kFloat);
  return (activation == Activation::Gelu ? at::gelu(h) : h * at::sigmoid(1.702 * h))
      .to(x.scalar_type());
}

}  // namespace sfumato::nn
