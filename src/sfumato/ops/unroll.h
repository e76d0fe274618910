#pragma once

// Before a short loop with a constant number of turns: unrolls it, so that an array of sums it
// indexes stays in registers. GCC 12 does not do that by itself, at -O3 neither.
#if defined(__clang__)
#define SFUMATO_UNROLL _Pragma("clang loop unroll(full)")
#else
#define SFUMATO_UNROLL _Pragma("GCC unroll 8")
#endif
