#include "sfumato/text/unicode.h"

#include <utf8proc.h>

#include <array>
#include <cstdlib>
#include <new>

namespace sfumato {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool is_cased(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
      return true;
    default:
      return c == 0xAA || c == 0xBA || (c >= 0x2B0 && c <= 0x2B8) || (c >= 0x2160 && c <= 0x217F) ||
             (c >= 0x24B6 && c <= 0x24E9);
  }
}

bool is_case_ignorable(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return std::u32string_view(U"'.:·ʹ·՟״‘’․‧︓﹒﹕＇．：").find(c) != std::u32string_view::npos;
  }
}

// A capital sigma ends a word if a cased letter stands before it and none after it.
bool is_final_sigma(std::u32string_view text, std::size_t at) {
  std::size_t before = at;
  while (before > 0 && is_case_ignorable(text[before - 1])) --before;
  if (before == 0 || !is_cased(text[before - 1])) return false;
  std::size_t after = at + 1;
  while (after < text.size() && is_case_ignorable(text[after])) ++after;
  return after == text.size() || !is_cased(text[after]);
}

std::u32string normalize(std::u32string_view text, int options) {
  const std::string utf8 = to_utf8(text);
  utf8proc_uint8_t* mapped = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()),
                   static_cast<utf8proc_ssize_t>(utf8.size()), &mapped,
                   static_cast<utf8proc_option_t>(options | UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  if (size < 0) return std::u32string(text);  // only for code points Unicode does not know
  const std::string result(reinterpret_cast<char*>(mapped), static_cast<std::size_t>(size));
  std::free(mapped);
  return to_code_points(result);
}

}  // namespace

std::u32string to_code_points(std::string_view utf8) {
  std::u32string text;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  auto left = static_cast<utf8proc_ssize_t>(utf8.size());
  while (left > 0) {
    utf8proc_int32_t c = -1;
    auto used = utf8proc_iterate(at, left, &c);
    if (used <= 0) {
      used = 1;
      c = 0xFFFD;
    }
    text += static_cast<char32_t>(c);
    at += used;
    left -= used;
  }
  return text;
}

std::string to_utf8(std::u32string_view text) {
  std::string utf8;
  for (const char32_t c : text) {
    std::array<utf8proc_uint8_t, 4> bytes;
    const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
    utf8.append(reinterpret_cast<char*>(bytes.data()), static_cast<std::size_t>(size));
  }
  return utf8;
}

bool is_space(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_letter(char32_t c) {
  const auto cat = category(c);
  return cat >= UTF8PROC_CATEGORY_LU && cat <= UTF8PROC_CATEGORY_LO;
}

bool is_number(char32_t c) {
  const auto cat = category(c);
  return cat >= UTF8PROC_CATEGORY_ND && cat <= UTF8PROC_CATEGORY_NO;
}

int digit_value(char32_t c) {
  if (category(c) != UTF8PROC_CATEGORY_ND) return -1;
  if (c >= 0x1D7CE && c <= 0x1D7FF) return static_cast<int>((c - 0x1D7CE) % 10);  // five alphabets
  // Everywhere else the ten digits begin at a code point that ends in 0 or in 6.
  const char32_t column = c & 0xF;
  const bool from_zero = category(c - column) == UTF8PROC_CATEGORY_ND;
  return static_cast<int>(from_zero ? column : column - 6);
}

std::u32string to_lower(std::u32string_view text) {
  std::u32string lower;
  lower.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == 0x130) {
      lower += U"i\u0307";
    } else if (text[i] == 0x3A3) {
      lower += is_final_sigma(text, i) ? U'ς' : U'σ';
    } else {
      lower += static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(text[i])));
    }
  }
  return lower;
}

char32_t to_upper(char32_t c) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
}

std::u32string compose(std::u32string_view text) { return normalize(text, 0); }

std::u32string compose_compatible(std::u32string_view text) {
  return normalize(text, UTF8PROC_COMPAT);
}

char32_t windows_1252(unsigned char byte) {
  static constexpr std::u32string_view kShown = U"€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8DŽ\x8F\x90‘’“”•–—˜™š›œ\x9DžŸ";
  return byte >= 0x80 && byte <= 0x9F ? kShown[byte - 0x80] : byte;
}

}  // namespace sfumato
