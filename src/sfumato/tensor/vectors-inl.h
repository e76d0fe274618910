// Vectors of float32 over values that are stored in float32, bfloat16 or float16, for files that
// are compiled once per instruction set (hwy/foreach_target.h). Included once for each set, hence
// no #pragma once.
#if defined(SFUMATO_TENSOR_VECTORS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef SFUMATO_TENSOR_VECTORS_INL_H
#undef SFUMATO_TENSOR_VECTORS_INL_H
#else
#define SFUMATO_TENSOR_VECTORS_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace sfumato::vectors::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::ScalableTag<float>;
using V = hn::Vec<F32>;
using Bf16Bits = hn::Rebind<std::uint16_t, F32>;

HWY_INLINE std::int64_t lanes() { return static_cast<std::int64_t>(hn::Lanes(F32())); }

HWY_INLINE V load(const float* from) { return hn::LoadU(F32(), from); }

HWY_INLINE V load(const std::uint16_t* from) {
  const auto bits = hn::PromoteTo(hn::RebindToUnsigned<F32>(), hn::LoadU(Bf16Bits(), from));
  return hn::BitCast(F32(), hn::ShiftLeft<16>(bits));
}

HWY_INLINE V load(const hwy::float16_t* from) {
  return hn::PromoteTo(F32(), hn::LoadU(hn::Rebind<hwy::float16_t, F32>(), from));
}

HWY_INLINE void store(V v, float* to) { hn::StoreU(v, F32(), to); }

// Rounds to nearest even. The quiet NaNs that arithmetic makes stay NaNs: their low bits are zero.
HWY_INLINE void store(V v, std::uint16_t* to) {
  const hn::RebindToUnsigned<F32> u32;
  const auto bits = hn::BitCast(u32, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(u32, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(u32, 0x7fff)));
  const auto high = hn::BitCast(hn::RebindToSigned<F32>(), hn::ShiftRight<16>(rounded));
  hn::StoreU(hn::DemoteTo(Bf16Bits(), high), Bf16Bits(), to);
}

// The first `count` lanes; the others are zero and nothing outside is touched.
template <class T>
HWY_INLINE V load(const T* from, std::int64_t count) {
  if (HWY_LIKELY(count >= lanes())) return load(from);
  HWY_ALIGN T part[hn::MaxLanes(F32())] = {};
  std::memcpy(part, from, count * sizeof(T));
  return load(part);
}

template <class T>
HWY_INLINE void store(V v, T* to, std::int64_t count) {
  if (HWY_LIKELY(count >= lanes())) return store(v, to);
  HWY_ALIGN T part[hn::MaxLanes(F32())];
  store(v, part);
  std::memcpy(to, part, count * sizeof(T));
}

}  // namespace
}  // namespace sfumato::vectors::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
