#include "sfumato/ops/geglu/kernel.h"

#include <algorithm>

// This file is compiled once per instruction set, as group_norm_silu/kernel.cpp.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sfumato/ops/geglu/kernel.cpp"
// clang-format off
#include <hwy/foreach_target.h>  // must be the first
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
#include "sfumato/tensor/vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace sfumato::ops::geglu_kernel::HWY_NAMESPACE {
namespace {

using namespace vectors::HWY_NAMESPACE;  // vectors-inl.h

// x Φ(x). The tail 2 Φ(-|x|) = erfc(|x| / √2) is the rational Chebyshev fit of Press et al.,
// Numerical Recipes, sec. 6.2 (erfcc): relative error below 1.2e-7 everywhere.
HWY_INLINE V gelu(V x) {
  const F32 f;
  const V z = hn::Mul(hn::Abs(x), hn::Set(f, 0.707106781f));
  const V t = hn::Div(hn::Set(f, 1.0f), hn::MulAdd(z, hn::Set(f, 0.5f), hn::Set(f, 1.0f)));
  V series = hn::Set(f, 0.17087277f);
  for (const float c : {-0.82215223f, 1.48851587f, -1.13520398f, 0.27886807f, -0.18628806f,
                        0.09678418f, 0.37409196f, 1.00002368f, -1.26551223f}) {
    series = hn::MulAdd(series, t, hn::Set(f, c));
  }
  // Beyond 9 the tail is below 1e-35; the bound is within hn::Exp's range.
  const V bounded = hn::Min(z, hn::Set(f, 9.0f));
  const V power = hn::Exp(f, hn::NegMulAdd(bounded, bounded, series));
  const V half_tail = hn::Mul(hn::Mul(hn::Set(f, 0.5f), t), power);
  const V share =
      hn::IfThenElse(hn::Lt(x, hn::Zero(f)), half_tail, hn::Sub(hn::Set(f, 1.0f), half_tail));
  return hn::Mul(x, share);
}

template <class T>
void multiply_rows(const Problem& p, std::int64_t first, std::int64_t last) {
  for (std::int64_t row = first; row < last; ++row) {
    const T* value = static_cast<const T*>(p.in) + row * 2 * p.width;
    const T* gate = value + p.width;
    T* out = static_cast<T*>(p.out) + row * p.width;
    for (std::int64_t i = 0; i < p.width; i += lanes()) {
      const std::int64_t count = std::min(lanes(), p.width - i);
      store(hn::Mul(load(value + i, count), gelu(load(gate + i, count))), out + i, count);
    }
  }
}

void multiply_here(const Problem& p, std::int64_t first, std::int64_t last) {
  (p.bfloat16 ? multiply_rows<std::uint16_t> : multiply_rows<float>)(p, first, last);
}

}  // namespace
}  // namespace sfumato::ops::geglu_kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sfumato::ops::geglu_kernel {

HWY_EXPORT(multiply_here);
void multiply(const Problem& problem, std::int64_t first, std::int64_t last) {
  HWY_DYNAMIC_DISPATCH(multiply_here)(problem, first, last);
}

}  // namespace sfumato::ops::geglu_kernel
#endif
