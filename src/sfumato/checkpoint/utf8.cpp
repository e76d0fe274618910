#include "sfumato/checkpoint/utf8.h"

#include <algorithm>
#include <cstdint>

namespace sfumato {
namespace {

/// Bytes of the sequence that `lead` begins, 0 when none begins so.
std::size_t sequence_length(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

/// The second byte alone tells overlong forms, surrogates and code points above U+10FFFF.
bool second_allowed(std::uint8_t lead, std::uint8_t second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second < 0xA0;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second < 0x90;
    default:
      return true;
  }
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<std::uint8_t>(bytes[at]);
    const std::size_t length = sequence_length(lead);
    if (length == 0 || length > bytes.size() - at) return false;
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = static_cast<std::uint8_t>(bytes[at + i]);
      if ((next & 0xC0) != 0x80 || (i == 1 && !second_allowed(lead, next))) return false;
    }
    at += length;
  }
  return true;
}

std::string printable(std::string_view foreign) {
  constexpr std::size_t kMost = 80;
  std::string text(foreign.substr(0, kMost));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return foreign.size() > kMost ? text + "..." : text;
}

}  // namespace sfumato
