#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sfumato {

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  /// The hash of all bytes so far in lower-case hex; more may follow.
  std::string hex() const;

 private:
  std::array<std::uint32_t, 8> state_;
  std::string pending_;  ///< fewer than the 64 bytes of a block
  std::uint64_t size_ = 0;
};

/// SHA-256 in lower-case hex.
std::string sha256_hex(std::string_view bytes);

}  // namespace sfumato
