#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "sfumato/base/error.h"

namespace sfumato {

static_assert(std::endian::native == std::endian::little, "file formats are read as they lie");

/// Reads the little-endian numbers of a file in memory one after the other. Whatever reaches
/// beyond the end throws Corrupt naming the file and the byte.
class ByteReader {
 public:
  /// `name` is for messages; it and the bytes outlive the reader.
  ByteReader(std::string_view bytes, const std::string& name, std::uint64_t begin = 0)
      : bytes_(bytes), name_(name) {
    skip_to(begin);
  }

  std::uint64_t position() const { return at_; }
  std::uint64_t remaining() const { return bytes_.size() - at_; }

  void skip_to(std::uint64_t position) {
    if (position > bytes_.size()) fail(position);
    at_ = position;
  }

  std::string_view take(std::uint64_t count) {
    if (count > remaining()) fail(at_);
    const auto part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }

  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

 private:
  [[noreturn]] void fail(std::uint64_t position) const {
    throw Error(ErrorKind::Corrupt,
                name_ + ": what begins at byte " + std::to_string(position) +
                    " reaches beyond the end at " + std::to_string(bytes_.size()),
                "the file is damaged or cut short; fetch it again");
  }

  std::string_view bytes_;
  const std::string& name_;
  std::uint64_t at_ = 0;
};

}  // namespace sfumato
