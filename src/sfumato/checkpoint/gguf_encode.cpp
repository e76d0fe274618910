#include <c10/util/Half.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sfumato/checkpoint/gguf_blocks.h"

// The reference quantisers of ggml, value for value: other programs' files of the same weights
// have the same bytes.

namespace sfumato {
namespace {

constexpr int kElements = 32;

void put_half(float value, std::uint8_t* at) {
  const std::uint16_t bits = c10::Half(value).x;
  std::memcpy(at, &bits, sizeof bits);
}

float inverse(float d) { return d != 0.0f ? 1.0f / d : 0.0f; }

/// Without its fraction, kept in range; NaN becomes `low`.
int truncated(float value, int low, int high) {
  if (!(value > float(low))) return low;
  return value < float(high) ? static_cast<int>(value) : high;
}

}  // namespace

void encode_q8_0(const float* values, std::uint8_t* block) {
  float largest = 0.0f;
  for (int j = 0; j < kElements; ++j) largest = std::max(largest, std::fabs(values[j]));
  const float d = largest / 127.0f;
  put_half(d, block);
  for (int j = 0; j < kElements; ++j) {
    const int quant = truncated(std::round(values[j] * inverse(d)), -128, 127);
    block[2 + j] = static_cast<std::uint8_t>(quant);
  }
}

void encode_q4_0(const float* values, std::uint8_t* block) {
  float extreme = 0.0f;  // with its sign: it becomes the level -8, which has no positive twin
  for (int j = 0; j < kElements; ++j) {
    if (std::fabs(values[j]) > std::fabs(extreme)) extreme = values[j];
  }
  const float d = extreme / -8.0f;
  put_half(d, block);
  const auto level = [&](float value) { return truncated(value * inverse(d) + 8.5f, 0, 15); };
  for (int j = 0; j < kElements / 2; ++j) {
    block[2 + j] = static_cast<std::uint8_t>(level(values[j]) | level(values[j + 16]) << 4);
  }
}

void encode_q5_1(const float* values, std::uint8_t* block) {
  const auto [least, most] = std::minmax_element(values, values + kElements);
  const float d = (*most - *least) / 31.0f;
  put_half(d, block);
  put_half(*least, block + 2);
  std::uint32_t high = 0;
  const auto level = [&](int j) {
    const int quant = truncated((values[j] - *least) * inverse(d) + 0.5f, 0, 31);
    high |= static_cast<std::uint32_t>(quant >> 4) << j;
    return quant & 15;
  };
  for (int j = 0; j < kElements / 2; ++j) {
    const int first = level(j), second = level(j + 16);
    block[8 + j] = static_cast<std::uint8_t>(first | second << 4);
  }
  std::memcpy(block + 4, &high, sizeof high);
}

}  // namespace sfumato
