#pragma once

// Included before everything else when clang compiles against LibTorch 1.13, which moves vectors of
// a class that is not complete yet. GCC looks into them late enough; clang does so at once where
// vector is constexpr, as in libstdc++ 12 with C++20. Here it is not.
#include <memory>
#include <string>

// Declared constexpr before, so that <vector> may not define it under its name.
namespace std {
struct _Bit_iterator;
[[gnu::used]] inline void fill_bits(_Bit_iterator first, _Bit_iterator last,
                                    const bool& value) asm("_ZSt9__fill_a1St13_Bit_iteratorS_RKb");
}  // namespace std

#pragma push_macro("_GLIBCXX20_CONSTEXPR")
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#define __fill_a1 fill_bits
#include <vector>
#undef __fill_a1
#pragma pop_macro("_GLIBCXX20_CONSTEXPR")
