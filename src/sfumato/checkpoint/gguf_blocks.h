#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sfumato {

/// A number format of GGUF files. The quantised ones store blocks of `elements` consecutive
/// values of a row in `bytes` bytes, with scales of their own.
/// Source: the block layouts of ggml (ggml-common.h), little-endian throughout.
struct GgufType {
  std::uint32_t id;             ///< in the file
  std::string_view name;        ///< "Q8_0"
  std::int64_t elements;        ///< per block, 1 for plain numbers
  std::uint64_t bytes;          ///< per block
  std::string_view dtype = "";  ///< plain numbers: what safetensors calls them, else ""
  /// One block to `elements` floats, and back where this program writes the format.
  void (*decode)(const std::uint8_t* block, float* values) = nullptr;
  void (*encode)(const float* values, std::uint8_t* block) = nullptr;
};

/// All that can be read; nullptr for an unknown one.
std::span<const GgufType> gguf_types();
const GgufType* find_gguf_type(std::uint32_t id);
const GgufType* find_gguf_type(std::string_view name);

// Used by the table. Finite values are expected; others give some value of the format.
void encode_q8_0(const float* values, std::uint8_t* block);
void encode_q4_0(const float* values, std::uint8_t* block);
void encode_q5_1(const float* values, std::uint8_t* block);

}  // namespace sfumato
