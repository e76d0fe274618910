#include "sfumato/image/utf16.h"

#include <cstddef>
#include <optional>

namespace sfumato::codec_detail {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_surrogate(char32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

void append_utf8(std::string& out, char32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

// Takes one character from the front; nothing (and one byte taken) where it is malformed.
std::optional<char32_t> take_utf8(std::string_view& rest) {
  const auto first = static_cast<unsigned char>(rest.front());
  rest.remove_prefix(1);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || rest.size() < more) return std::nullopt;
  char32_t c = first & (0x3Fu >> more);
  for (std::size_t i = 0; i < more; ++i) {
    const auto next = static_cast<unsigned char>(rest[i]);
    if ((next & 0xC0) != 0x80) return std::nullopt;
    c = c << 6 | (next & 0x3F);
  }
  constexpr char32_t kLeast[] = {0x80, 0x800, 0x10000};
  if (c < kLeast[more - 1] || c > 0x10FFFF || is_surrogate(c)) return std::nullopt;
  rest.remove_prefix(more);
  return c;
}

void append_unit(std::string& out, char32_t unit) {
  out += static_cast<char>(unit >> 8);
  out += static_cast<char>(unit & 0xFF);
}

bool is_big_endian(std::string_view utf16) {
  if (utf16.starts_with("\xFE\xFF")) return true;
  if (utf16.starts_with("\xFF\xFE")) return false;
  std::ptrdiff_t zeros_first = 0;
  for (std::size_t i = 0; i + 1 < utf16.size(); i += 2) {
    zeros_first += (utf16[i] == '\0') - (utf16[i + 1] == '\0');
  }
  return zeros_first >= 0;
}

}  // namespace

std::string utf16_from_utf8(std::string_view utf8) {
  std::string out;
  while (!utf8.empty()) {
    const char32_t c = take_utf8(utf8).value_or(kReplacement);
    if (c < 0x10000) {
      append_unit(out, c);
    } else {
      append_unit(out, 0xD800 + ((c - 0x10000) >> 10));
      append_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return out;
}

std::string utf8_from_utf16(std::string_view utf16) {
  const bool big = is_big_endian(utf16);
  const auto unit = [&](std::size_t at) -> char32_t {
    const auto a = static_cast<unsigned char>(utf16[at]);
    const auto b = static_cast<unsigned char>(utf16[at + 1]);
    return big ? a << 8 | b : b << 8 | a;
  };
  std::string out;
  for (std::size_t at = 0; at + 1 < utf16.size(); at += 2) {
    char32_t c = unit(at);
    if (at == 0 && c == 0xFEFF) continue;
    const bool has_next = at + 3 < utf16.size();
    if (c >= 0xD800 && c < 0xDC00 && has_next && unit(at + 2) >= 0xDC00 && unit(at + 2) < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10) + (unit(at + 2) - 0xDC00);
      at += 2;
    }
    append_utf8(out, is_surrogate(c) ? kReplacement : c);
  }
  return out;
}

std::string valid_utf8(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    if (const auto c = take_utf8(bytes)) append_utf8(out, *c);
  }
  return out;
}

}  // namespace sfumato::codec_detail
