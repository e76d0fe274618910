#include "sfumato/ops/layer_norm/kernel.h"

#include <algorithm>
#include <cmath>

// This file is compiled once per instruction set, as group_norm_silu/kernel.cpp.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sfumato/ops/layer_norm/kernel.cpp"
// clang-format off
#include <hwy/foreach_target.h>  // must be the first
#include <hwy/highway.h>
#include "sfumato/tensor/vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace sfumato::ops::layer_norm_kernel::HWY_NAMESPACE {
namespace {

using namespace vectors::HWY_NAMESPACE;  // vectors-inl.h

// A row stays in the first-level cache while it is read three times: for its mean, for its
// deviations from that, and to be normalised.
template <class T>
void normalise_rows(const Problem& p, std::int64_t first, std::int64_t last) {
  const F32 f;
  const std::int64_t n = lanes(), whole = p.width / n * n;
  const auto share = 1.0 / static_cast<double>(p.width);
  for (std::int64_t row = first; row < last; ++row) {
    const T* x = static_cast<const T*>(p.x) + row * p.width;
    T* y = static_cast<T*>(p.y) + row * p.width;
    V sum = hn::Zero(f);
    for (std::int64_t i = 0; i < p.width; i += n) sum = hn::Add(sum, load(x + i, p.width - i));
    const double mean = static_cast<double>(hn::GetLane(hn::SumOfLanes(f, sum))) * share;
    const V centre = hn::Set(f, static_cast<float>(mean));
    V squares = hn::Zero(f);
    for (std::int64_t i = 0; i < whole; i += n) {
      const V apart = hn::Sub(load(x + i), centre);
      squares = hn::MulAdd(apart, apart, squares);
    }
    if (whole < p.width) {
      const V apart = hn::Sub(load(x + whole, p.width - whole), centre);
      const V inside = hn::IfThenElseZero(hn::FirstN(f, p.width - whole), apart);
      squares = hn::MulAdd(inside, inside, squares);
    }
    const double variance = static_cast<double>(hn::GetLane(hn::SumOfLanes(f, squares))) * share;
    const V scale = hn::Set(f, static_cast<float>(1.0 / std::sqrt(variance + p.eps)));
    for (std::int64_t i = 0; i < p.width; i += n) {
      const std::int64_t count = p.width - i;
      const V normal = hn::Mul(hn::Sub(load(x + i, count), centre), scale);
      store(hn::MulAdd(normal, load(p.weight + i, count), load(p.bias + i, count)), y + i, count);
    }
  }
}

void normalise_here(const Problem& p, std::int64_t first, std::int64_t last) {
  (p.bfloat16 ? normalise_rows<std::uint16_t> : normalise_rows<float>)(p, first, last);
}

}  // namespace
}  // namespace sfumato::ops::layer_norm_kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sfumato::ops::layer_norm_kernel {

HWY_EXPORT(normalise_here);
void normalise(const Problem& problem, std::int64_t first, std::int64_t last) {
  HWY_DYNAMIC_DISPATCH(normalise_here)(problem, first, last);
}

}  // namespace sfumato::ops::layer_norm_kernel
#endif
