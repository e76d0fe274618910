#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sfumato {

/// One merge of byte-pair encoding: two neighbouring symbols become one. Symbols are written in the
/// printable alphabet that stands for bytes (Radford et al. 2019, sec. 2.2); the last symbol of a
/// word ends in "</w>".
struct Merge {
  std::string left, right;
  bool operator==(const Merge&) const = default;
};

/// The number of symbols before any merge: 256 bytes inside a word and 256 at its end.
inline constexpr int kByteSymbols = 512;

/// The printable character (UTF-8) that stands for a byte: itself where Latin-1 prints it, else the
/// next free code point from U+0100.
const std::string& printable_byte(std::uint8_t byte);

/// The bytes in the order of their ids: first those that print themselves.
std::span<const std::uint8_t> bytes_by_id();

/// "left right" -> Merge. Throws Corrupt naming `name` and the text.
Merge parse_merge(std::string_view line, const std::string& name);

/// Byte-pair encoding (Sennrich et al. 2016) over the bytes of a word, with CLIP's id order: the
/// 256 bytes, the 256 bytes with "</w>", then one id per merge in order.
class Bpe {
 public:
  explicit Bpe(std::span<const Merge> merges);

  /// Ids of one word (UTF-8); empty for an empty word.
  std::vector<int> encode_word(std::string_view word) const;
  /// The bytes an id stands for, a trailing space standing for the end of a word.
  const std::string& bytes_of(int id) const { return bytes_.at(static_cast<std::size_t>(id)); }
  /// Number of ids: kByteSymbols + merges.
  int size() const { return static_cast<int>(bytes_.size()); }

 private:
  struct Joined {
    int rank, id;  // lower ranks are joined first
  };
  std::vector<std::string> bytes_;                    // id -> raw bytes
  std::unordered_map<std::uint64_t, Joined> merged_;  // (left id, right id) -> what they become
};

}  // namespace sfumato
