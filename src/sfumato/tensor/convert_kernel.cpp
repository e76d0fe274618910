#include "sfumato/tensor/convert_kernel.h"

#include <algorithm>
#include <cstring>

// This file is compiled once per instruction set: AVX-512, AVX2 and a portable fallback on x86. The
// sets in between are not worth their compile time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sfumato/tensor/convert_kernel.cpp"
// clang-format off
#include <hwy/foreach_target.h>  // must be the first
#include <hwy/highway.h>
#include "sfumato/tensor/vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace sfumato::convert_kernel::HWY_NAMESPACE {
namespace {

using namespace vectors::HWY_NAMESPACE;  // vectors-inl.h

template <class From, class To>
Largest convert_all(const void* source, void* result, std::int64_t first, std::int64_t last) {
  const hn::RebindToUnsigned<F32> u32;
  const auto magnitude = hn::Set(u32, 0x7FFFFFFF);
  const auto* from = static_cast<const From*>(source);
  auto* to = static_cast<To*>(result);
  auto most = hn::Zero(u32), most_after = most;
  const auto convert_some = [&](const From* in, To* out) {
    const V v = load(in);
    store(v, out);
    most = hn::Max(most, hn::And(hn::BitCast(u32, v), magnitude));
    most_after = hn::Max(most_after, hn::And(hn::BitCast(u32, load(out)), magnitude));
  };
  std::int64_t i = first;
  for (; i + lanes() <= last; i += lanes()) convert_some(from + i, to + i);
  if (i < last) {
    HWY_ALIGN From in[hn::MaxLanes(F32())] = {};
    HWY_ALIGN To out[hn::MaxLanes(F32())];
    std::memcpy(in, from + i, (last - i) * sizeof(From));
    convert_some(in, out);
    std::memcpy(to + i, out, (last - i) * sizeof(To));
  }
  return {hn::GetLane(hn::MaxOfLanes(u32, most)), hn::GetLane(hn::MaxOfLanes(u32, most_after))};
}

template <class To>
Largest convert_to(const void* from, Type type, void* to, std::int64_t first, std::int64_t last) {
  if (type == Type::Float16) return convert_all<hwy::float16_t, To>(from, to, first, last);
  if (type == Type::BFloat16) return convert_all<std::uint16_t, To>(from, to, first, last);
  return convert_all<float, To>(from, to, first, last);
}

Largest convert_here(const void* from, Type type, void* to, bool to_bfloat16, std::int64_t first,
                     std::int64_t last) {
  return to_bfloat16 ? convert_to<std::uint16_t>(from, type, to, first, last)
                     : convert_to<float>(from, type, to, first, last);
}

}  // namespace
}  // namespace sfumato::convert_kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sfumato::convert_kernel {

HWY_EXPORT(convert_here);

Largest convert(const void* from, Type type, void* to, bool to_bfloat16, std::int64_t first,
                std::int64_t last) {
  return HWY_DYNAMIC_DISPATCH(convert_here)(from, type, to, to_bfloat16, first, last);
}

}  // namespace sfumato::convert_kernel
#endif
