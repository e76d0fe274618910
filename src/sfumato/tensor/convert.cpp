#include "sfumato/tensor/convert.h"

#include <ATen/ATen.h>

#include <atomic>
#include <optional>

#include "sfumato/tensor/convert_kernel.h"
#include "sfumato/tensor/finite.h"
#include "sfumato/tensor/parallel.h"

namespace sfumato {
namespace {

using convert_kernel::Type;

std::optional<Type> plain_type(const at::Tensor& x) {
  if (!x.is_cpu() || !x.is_contiguous()) return std::nullopt;
  if (x.scalar_type() == at::kHalf) return Type::Float16;
  if (x.scalar_type() == at::kBFloat16) return Type::BFloat16;
  return x.scalar_type() == at::kFloat ? std::optional(Type::Float32) : std::nullopt;
}

}  // namespace

Converted converted(const at::Tensor& x, const at::TensorOptions& options) {
  const at::Tensor values = at::empty(x.sizes(), options);
  const auto from = plain_type(x), to = plain_type(values);
  if (!from || !to || *to == Type::Float16) {
    values.copy_(x);
    return {values, all_finite(x), all_finite(values)};
  }
  constexpr std::int64_t kValuesPerThread = 1 << 16;  // fewer do not repay waking a thread
  std::atomic<bool> source_finite{true}, finite{true};
  parallel_for(0, x.numel(), kValuesPerThread, [&](std::int64_t first, std::int64_t last) {
    const auto largest = convert_kernel::convert(x.data_ptr(), *from, values.data_ptr(),
                                                 *to == Type::BFloat16, first, last);
    if (largest.source >= convert_kernel::kInfinity) source_finite = false;
    if (largest.result >= convert_kernel::kInfinity) finite = false;
  });
  return {values, source_finite, finite};
}

}  // namespace sfumato
