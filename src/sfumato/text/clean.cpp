#include "sfumato/text/clean.h"

#include "sfumato/text/html.h"
#include "sfumato/text/mojibake.h"
#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

bool is_ligature(char32_t c) {
  return c == 0x132 || c == 0x133 || c == 0x149 || (c >= 0x1C4 && c <= 0x1CC) ||
         (c >= 0x1F1 && c <= 0x1F3) || (c >= 0xFB00 && c <= 0xFB06);
}

bool is_wide_form(char32_t c) { return c == 0x3000 || (c >= 0xFF01 && c <= 0xFFEF); }

bool is_removed_control(char32_t c) {
  return c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
         (c >= 0x206A && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

// One character in its plain form.
std::u32string plain(char32_t c) {
  if (c == 0xFB05) return U"ſt";
  if (is_ligature(c) || is_wide_form(c)) return compose_compatible({&c, 1});
  if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) return U"'";
  if (c >= 0x201C && c <= 0x201F) return U"\"";
  if (c == 0x2028 || c == 0x2029 || c == 0x85 || c == U'\r') return U"\n";
  return {c};
}

// The length of a terminal colour code "ESC [ 31 m" at the start of `text`, or 0.
std::size_t terminal_escape(std::u32string_view text) {
  if (text.size() < 3 || text[0] != 0x1B || text[1] != U'[') return 0;
  std::size_t i = 2;
  while (i < text.size() && ((text[i] >= U'0' && text[i] <= U'9') || text[i] == U';')) ++i;
  if (i == text.size()) return 0;
  const char32_t last = text[i] | 0x20;
  return last >= U'a' && last <= U'z' ? i + 1 : 0;
}

std::u32string plain_characters(std::u32string_view text) {
  std::u32string unbroken;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == U'\r' && i + 1 < text.size() && text[i + 1] == U'\n') continue;
    unbroken += plain(text[i]);
  }
  std::u32string result;
  for (std::size_t i = 0; i < unbroken.size();) {
    if (const auto length = terminal_escape(std::u32string_view(unbroken).substr(i))) {
      i += length;
    } else {
      if (!is_removed_control(unbroken[i])) result += unbroken[i];
      ++i;
    }
  }
  return result;
}

std::u32string repair_line(std::u32string line, bool html) {
  for (;;) {
    std::u32string fixed = html ? unescape_complete_html(line) : line;
    // Mojibake may lie in layers; every pass shortens the text, so this ends.
    for (auto once = fix_mojibake(fixed); once != fixed; once = fix_mojibake(fixed)) fixed = once;
    fixed = compose(plain_characters(fixed));
    if (fixed == line) return line;
    line = std::move(fixed);
  }
}

// Line by line. Text with a "<" is taken for mark-up, whose references are left alone here.
std::u32string repair(std::u32string_view text) {
  std::u32string result;
  bool html = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto newline = text.find(U'\n', begin);
    const auto end = newline == std::u32string_view::npos ? text.size() : newline + 1;
    const auto line = text.substr(begin, end - begin);
    html &= line.find(U'<') == std::u32string_view::npos;
    result += repair_line(std::u32string(line), html);
    begin = end;
  }
  return result;
}

std::u32string collapse_spaces(std::u32string_view text) {
  std::u32string result;
  for (const char32_t c : text) {
    if (!is_space(c)) {
      result += c;
    } else if (!result.empty() && result.back() != U' ') {
      result += U' ';
    }
  }
  if (!result.empty() && result.back() == U' ') result.pop_back();
  return result;
}

}  // namespace

std::u32string clean_text(std::string_view utf8) {
  const auto repaired = repair(to_code_points(utf8));
  return to_lower(collapse_spaces(unescape_html(unescape_html(repaired))));
}

}  // namespace sfumato
