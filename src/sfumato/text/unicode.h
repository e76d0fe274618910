#pragma once

#include <string>
#include <string_view>

namespace sfumato {

/// UTF-8 -> code points; malformed bytes become U+FFFD.
std::u32string to_code_points(std::string_view utf8);
std::string to_utf8(std::u32string_view text);

/// Unicode's White_Space property.
bool is_space(char32_t c);
/// General category L*: letters of any script.
bool is_letter(char32_t c);
/// General category N*: digits, letter-like numbers and fractions.
bool is_number(char32_t c);
/// The value of a decimal digit (general category Nd) of any script, or -1.
int digit_value(char32_t c);

/// Full lower case as Unicode sec. 3.13 defines it, including the final sigma.
std::u32string to_lower(std::u32string_view text);
/// Simple upper case, letter by letter.
char32_t to_upper(char32_t c);

/// Canonical (NFC) and compatibility (NFKC) composition.
std::u32string compose(std::u32string_view text);
std::u32string compose_compatible(std::u32string_view text);

/// What Windows-1252 shows for a byte 0x80 .. 0x9F, or the byte itself where it shows nothing.
char32_t windows_1252(unsigned char byte);

}  // namespace sfumato
