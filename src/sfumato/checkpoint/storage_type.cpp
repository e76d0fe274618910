#include "sfumato/checkpoint/storage_type.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <tuple>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr double kHalfOverflow = 65520.0;  // rounds to the first value that float16 does not have

/// What no value may reach.
double overflow(at::ScalarType storage) {
  return storage == at::kHalf ? kHalfOverflow : std::numeric_limits<double>::infinity();
}

/// NaN when any value is NaN.
double largest(const at::Tensor& tensor) {
  const at::Tensor values = tensor.scalar_type() == at::kDouble ? tensor : tensor.to(at::kFloat);
  const auto [least, most] = at::aminmax(values);
  const double low = least.item<double>(), high = most.item<double>();
  return std::isnan(low) || std::isnan(high) ? std::numeric_limits<double>::quiet_NaN()
                                             : std::max(-low, high);
}

}  // namespace

at::ScalarType stored_type(const at::Tensor& tensor, std::optional<at::ScalarType> storage) {
  const bool changes = storage && tensor.is_floating_point() && tensor.dim() > 0;
  return changes ? *storage : tensor.scalar_type();
}

void expect_storable(const TensorMap& tensors, at::ScalarType storage) {
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point() || tensor.numel() == 0) continue;
    const double value = largest(tensor);
    if (value < overflow(stored_type(tensor, storage))) continue;
    std::ostringstream what;
    if (!std::isfinite(value)) {
      what << "tensor '" << name << "' has NaN or infinite values";
      throw Error(ErrorKind::InvalidArgument, what.str(), "see: sfumato inspect FILE");
    }
    what << "tensor '" << name << "' has the value " << value << ", too large for "
         << c10::toString(storage);
    throw Error(ErrorKind::InvalidArgument, what.str(), "bfloat16 and float32 have room for it");
  }
}

}  // namespace sfumato
