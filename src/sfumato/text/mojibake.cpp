#include "sfumato/text/mojibake.h"

#include <iconv.h>

#include <algorithm>
#include <optional>
#include <string>

#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

// The byte that Windows-1252 (or Latin-1 where that has a control character) shows as `c`.
std::optional<unsigned char> byte_shown_as(char32_t c) {
  if (c <= 0xFF) return static_cast<unsigned char>(c);
  for (int byte = 0x80; byte <= 0x9F; ++byte) {
    if (windows_1252(static_cast<unsigned char>(byte)) == c) {
      return static_cast<unsigned char>(byte);
    }
  }
  return std::nullopt;
}

int sequence_length(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The UTF-8 bytes of the one character that starts at `text`, if its glyphs spell one.
std::optional<std::string> utf8_sequence(std::u32string_view text) {
  const auto lead = byte_shown_as(text.front());
  if (!lead) return std::nullopt;
  const int length = sequence_length(*lead);
  if (length == 0 || text.size() < static_cast<std::size_t>(length)) return std::nullopt;
  std::string bytes(1, static_cast<char>(*lead));
  for (int i = 1; i < length; ++i) {
    const auto byte = byte_shown_as(text[static_cast<std::size_t>(i)]);
    if (!byte || (*byte & 0xC0) != 0x80) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  if (to_code_points(bytes).size() != 1) return std::nullopt;  // overlong or a surrogate
  return bytes;
}

// "voilÃ  le": the no-break space of à was turned into a plain one.
bool is_lost_a_grave(std::u32string_view text, std::size_t at) {
  if (text[at] != U'Ã' || at + 1 >= text.size() || text[at + 1] != U' ') return false;
  std::size_t before = at;
  if (before > 0 && text[before - 1] == U' ') --before;
  return before == 0 || (text[before - 1] >= U'a' && text[before - 1] <= U'z');
}

struct Run {
  std::size_t length = 0;  // in glyphs
  std::string bytes;
  int sequences = 0;
  bool convincing = false;
};

Run read_run(std::u32string_view text) {
  Run run;
  while (run.length < text.size()) {
    const auto rest = text.substr(run.length);
    const auto sequence = utf8_sequence(rest);
    if (!sequence) break;
    const bool latin = rest[0] == U'Â' || rest[0] == U'Ã';
    const bool punctuation = rest[1] == U'…' || rest[1] == U'’';
    run.convincing |= sequence->size() > 2 || (latin && !punctuation);
    run.length += sequence->size();
    run.bytes += *sequence;
    ++run.sequences;
  }
  run.convincing |= run.sequences > 1;
  return run;
}

// The bytes that another encoding shows as `text`, if it can show all of it.
std::optional<std::string> encode(std::u32string_view text, const char* encoding) {
  const iconv_t converter = iconv_open(encoding, "UTF-8");
  if (converter == iconv_t(-1)) return std::nullopt;  // a system without this table
  std::string utf8 = to_utf8(text), bytes(utf8.size(), '\0');
  char *in = utf8.data(), *out = bytes.data();
  std::size_t in_left = utf8.size(), out_left = bytes.size();
  const bool complete = iconv(converter, &in, &in_left, &out, &out_left) == 0 && in_left == 0;
  iconv_close(converter);
  if (!complete) return std::nullopt;
  bytes.resize(bytes.size() - out_left);
  return bytes;
}

// Text that is UTF-8 throughout when read through one of the other common encodings. Two sequences
// (or a long one) are needed, or one inside a word that starts with no letter, as in "caf√©".
std::optional<std::u32string> fix_other_encodings(std::u32string_view text) {
  for (const char* encoding :
       {"CP1251", "CP1250", "CP1253", "CP1254", "CP1257", "ISO-8859-2", "MACINTOSH", "CP437"}) {
    const auto bytes = encode(text, encoding);
    if (!bytes) continue;
    const auto fixed = to_code_points(*bytes);
    const auto nobody_writes = [](char32_t c) {
      return c == 0xFFFD || (c >= 0xE000 && c <= 0xF8FF);  // not UTF-8, or private use
    };
    if (fixed == text || std::any_of(fixed.begin(), fixed.end(), nobody_writes)) continue;
    int sequences = 0, longest = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < bytes->size();) {
      const int length = std::max(1, sequence_length(static_cast<unsigned char>((*bytes)[i])));
      if (length > 1 && sequences++ == 0) first = i;
      longest = std::max(longest, length);
      i += static_cast<std::size_t>(length);
    }
    // Before the first sequence all is ASCII, so `first` counts characters too.
    const bool in_word = first > 0 && is_letter(text[first - 1]) && !is_letter(text[first]);
    if (sequences > 1 || longest > 2 || (sequences == 1 && in_word)) return fixed;
  }
  return std::nullopt;
}

}  // namespace

std::u32string fix_mojibake(std::u32string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x80; })) {
    return std::u32string(text);
  }
  std::u32string fixed;
  for (std::size_t i = 0; i < text.size();) {
    if (const Run run = read_run(text.substr(i)); run.convincing) {
      fixed += to_code_points(run.bytes);
      i += run.length;
    } else if (is_lost_a_grave(text, i)) {
      const bool another = i + 2 < text.size() && text[i + 2] == U' ';
      fixed += another ? U"à" : U"à ";
      i += 2;
    } else {
      const char32_t c = text[i++];
      fixed += c >= 0x80 && c <= 0x9F ? windows_1252(static_cast<unsigned char>(c)) : c;
    }
  }
  if (fixed != text) return fixed;
  return fix_other_encodings(text).value_or(fixed);
}

}  // namespace sfumato
