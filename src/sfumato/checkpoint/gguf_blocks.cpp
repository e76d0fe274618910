#include "sfumato/checkpoint/gguf_blocks.h"

#include <c10/util/Half.h>

#include <array>
#include <cstring>

namespace sfumato {
namespace {

using Byte = std::uint8_t;

float half_at(const Byte* at) {
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return static_cast<float>(c10::Half(bits, c10::Half::from_bits()));
}

std::uint32_t bits_at(const Byte* at) {
  std::uint32_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}

// --- 32 values per block; byte j holds value j in its low half and value j + 16 in its high half

void decode_q4_0(const Byte* block, float* values) {
  const float d = half_at(block);
  for (int j = 0; j < 16; ++j) {
    values[j] = d * float((block[2 + j] & 15) - 8);
    values[j + 16] = d * float((block[2 + j] >> 4) - 8);
  }
}

void decode_q4_1(const Byte* block, float* values) {
  const float d = half_at(block), least = half_at(block + 2);
  for (int j = 0; j < 16; ++j) {
    values[j] = d * float(block[4 + j] & 15) + least;
    values[j + 16] = d * float(block[4 + j] >> 4) + least;
  }
}

/// The fifth bit of value j is bit j of a 32-bit number.
int five_bits(int low, std::uint32_t high, int j) { return low | int((high >> j & 1) << 4); }

void decode_q5_0(const Byte* block, float* values) {
  const float d = half_at(block);
  const std::uint32_t high = bits_at(block + 2);
  for (int j = 0; j < 16; ++j) {
    values[j] = d * float(five_bits(block[6 + j] & 15, high, j) - 16);
    values[j + 16] = d * float(five_bits(block[6 + j] >> 4, high, j + 16) - 16);
  }
}

void decode_q5_1(const Byte* block, float* values) {
  const float d = half_at(block), least = half_at(block + 2);
  const std::uint32_t high = bits_at(block + 4);
  for (int j = 0; j < 16; ++j) {
    values[j] = d * float(five_bits(block[8 + j] & 15, high, j)) + least;
    values[j + 16] = d * float(five_bits(block[8 + j] >> 4, high, j + 16)) + least;
  }
}

void decode_q8_0(const Byte* block, float* values) {
  const float d = half_at(block);
  for (int j = 0; j < 32; ++j) values[j] = d * float(static_cast<std::int8_t>(block[2 + j]));
}

/// Indices into a fixed list of levels, denser around zero.
void decode_iq4_nl(const Byte* block, float* values) {
  constexpr std::array<float, 16> kLevels{-127, -104, -83, -65, -49, -35, -22, -10,
                                          1,    13,   25,  38,  53,  69,  89,  113};
  const float d = half_at(block);
  for (int j = 0; j < 16; ++j) {
    values[j] = d * kLevels[block[2 + j] & 15];
    values[j + 16] = d * kLevels[block[2 + j] >> 4];
  }
}

// --- 256 values per block, in runs of 16 or 32 with a scale (and a least value) each

// Two halves of 128 values; each has 32 bytes that hold, two bits at a time, four runs of 32.
void decode_q2_k(const Byte* block, float* values) {
  const Byte *scales = block, *quants = block + 16;
  const float d = half_at(block + 80), least = half_at(block + 82);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, pair = i % 128 / 32, scale = scales[i / 16];
    const int quant = quants[32 * half + i % 32] >> (2 * pair) & 3;
    values[i] = d * float(scale & 15) * float(quant) - least * float(scale >> 4);
  }
}

// As above with a third bit in a mask: bit 4 * half + pair of byte i % 32; it is set for values
// that are not negative. The 16 scales of six bits are packed into twelve bytes.
void decode_q3_k(const Byte* block, float* values) {
  const Byte *mask = block, *quants = block + 32, *packed = block + 96;
  const float d = half_at(block + 108);
  std::array<float, 16> scales;
  for (int k = 0; k < 16; ++k) {
    const int low = k < 8 ? packed[k] & 15 : packed[k - 8] >> 4;
    const int high = packed[8 + k % 4] >> (2 * (k / 4)) & 3;
    scales[k] = d * float((low | high << 4) - 32);
  }
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, pair = i % 128 / 32;
    const int quant = quants[32 * half + i % 32] >> (2 * pair) & 3;
    const int third = mask[i % 32] >> (4 * half + pair) & 1;
    values[i] = scales[i / 16] * float(quant - (third ? 0 : 4));
  }
}

struct ScaleAndLeast {
  float scale, least;
};

/// Run j of eight: two numbers of six bits each, packed into twelve bytes.
ScaleAndLeast scale_of_run(const Byte* packed, int j) {
  if (j < 4) return {float(packed[j] & 63), float(packed[j + 4] & 63)};
  return {float((packed[j + 4] & 15) | (packed[j - 4] >> 6) << 4),
          float((packed[j + 4] >> 4) | (packed[j] >> 6) << 4)};
}

// Runs of 32; 32 bytes hold an even run in their low and the next one in their high halves.
void decode_q4_k(const Byte* block, float* values) {
  const float d = half_at(block), least = half_at(block + 2);
  const Byte* quants = block + 16;
  for (int j = 0; j < 8; ++j) {
    const ScaleAndLeast run = scale_of_run(block + 4, j);
    for (int l = 0; l < 32; ++l) {
      const int quant = quants[32 * (j / 2) + l] >> (4 * (j % 2)) & 15;
      values[32 * j + l] = d * run.scale * float(quant) - least * run.least;
    }
  }
}

// As above; the fifth bit of run j is bit j of byte l.
void decode_q5_k(const Byte* block, float* values) {
  const float d = half_at(block), least = half_at(block + 2);
  const Byte *high = block + 16, *quants = block + 48;
  for (int j = 0; j < 8; ++j) {
    const ScaleAndLeast run = scale_of_run(block + 4, j);
    for (int l = 0; l < 32; ++l) {
      const int low = quants[32 * (j / 2) + l] >> (4 * (j % 2)) & 15;
      const int quant = low | (high[l] >> j & 1) << 4;
      values[32 * j + l] = d * run.scale * float(quant) - least * run.least;
    }
  }
}

// Two halves of 128 values in four runs of 32: four low bits in 64 bytes, two high bits in 32.
void decode_q6_k(const Byte* block, float* values) {
  const Byte *low = block, *high = block + 128, *scales = block + 192;
  const float d = half_at(block + 208);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, run = i % 128 / 32, l = i % 32;
    const int four = low[64 * half + 32 * (run % 2) + l] >> (4 * (run / 2)) & 15;
    const int two = high[32 * half + l] >> (2 * run) & 3;
    const auto scale = static_cast<std::int8_t>(scales[i / 16]);
    values[i] = d * float(scale) * float((four | two << 4) - 32);
  }
}

constexpr std::array kTypes{
    GgufType{0, "F32", 1, 4, "F32"},
    GgufType{1, "F16", 1, 2, "F16"},
    GgufType{2, "Q4_0", 32, 18, "", decode_q4_0, encode_q4_0},
    GgufType{3, "Q4_1", 32, 20, "", decode_q4_1},
    GgufType{6, "Q5_0", 32, 22, "", decode_q5_0},
    GgufType{7, "Q5_1", 32, 24, "", decode_q5_1, encode_q5_1},
    GgufType{8, "Q8_0", 32, 34, "", decode_q8_0, encode_q8_0},
    GgufType{10, "Q2_K", 256, 84, "", decode_q2_k},
    GgufType{11, "Q3_K", 256, 110, "", decode_q3_k},
    GgufType{12, "Q4_K", 256, 144, "", decode_q4_k},
    GgufType{13, "Q5_K", 256, 176, "", decode_q5_k},
    GgufType{14, "Q6_K", 256, 210, "", decode_q6_k},
    GgufType{20, "IQ4_NL", 32, 18, "", decode_iq4_nl},
    GgufType{24, "I8", 1, 1, "I8"},
    GgufType{25, "I16", 1, 2, "I16"},
    GgufType{26, "I32", 1, 4, "I32"},
    GgufType{27, "I64", 1, 8, "I64"},
    GgufType{28, "F64", 1, 8, "F64"},
    GgufType{30, "BF16", 1, 2, "BF16"},
};

}  // namespace

std::span<const GgufType> gguf_types() { return kTypes; }

const GgufType* find_gguf_type(std::uint32_t id) {
  for (const auto& type : kTypes) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

const GgufType* find_gguf_type(std::string_view name) {
  for (const auto& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace sfumato
