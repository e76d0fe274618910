#include "sfumato/text/prompt_attention.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/text/prompt_characters.h"
#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

constexpr double kRound = 1.1, kSquare = 1 / 1.1;
constexpr std::u32string_view kEscapable = U"()[]\\";
constexpr std::u32string_view kSpecial = U"()[]:\\";
constexpr std::u32string_view kBreak = U"BREAK";

constexpr std::array<std::pair<std::string_view, Emphasis>, 4> kEmphasisNames{
    {{"None", Emphasis::None},
     {"Ignore", Emphasis::Ignore},
     {"Original", Emphasis::Original},
     {"No norm", Emphasis::NoNorm}}};

struct ClosingWeight {
  std::size_t length;  // of the whole ":1.2)"
  std::u32string_view number;
};

// ": 1.2 )" at the start of `text`, which begins with a colon.
std::optional<ClosingWeight> closing_weight(std::u32string_view text) {
  std::size_t at = 1;
  const auto skip_blanks = [&] {
    while (at < text.size() && is_blank(text[at])) ++at;
  };
  skip_blanks();
  const std::size_t begin = at;
  if (at < text.size() && (text[at] == U'+' || text[at] == U'-')) ++at;
  const std::size_t digits = at;
  while (at < text.size() && (text[at] == U'.' || digit_value(text[at]) >= 0)) ++at;
  const std::size_t end = at;
  skip_blanks();
  if (end == digits || at == text.size() || text[at] != U')') return std::nullopt;
  return ClosingWeight{at + 1, text.substr(begin, end - begin)};
}

double value_of(std::u32string_view number) {
  const auto value = decimal_number(number);
  if (!value) {
    throw Error(ErrorKind::InvalidArgument,
                "prompt: the weight '" + to_utf8(number) + "' is not a number",
                "write (words:1.2), or \\( and \\) for plain brackets");
  }
  return *value;
}

class Parser {
 public:
  void read(std::u32string_view text) {
    while (!text.empty()) text.remove_prefix(read_one(text));
  }

  std::vector<WeightedText> finish() && {
    for (const auto first : round_) multiply(first, kRound);
    for (const auto first : square_) multiply(first, kSquare);
    if (parts_.empty()) parts_.emplace_back();
    std::vector<WeightedText> joined;
    for (auto& part : parts_) {
      if (!joined.empty() && joined.back().weight == part.weight) {
        joined.back().text += part.text;
      } else {
        joined.push_back(std::move(part));
      }
    }
    return joined;
  }

 private:
  // Reads from the start of `text`, which is not empty; the number of characters it took.
  std::size_t read_one(std::u32string_view text) {
    switch (text.front()) {
      case U'\\':
        if (text.size() > 1 && kEscapable.find(text[1]) != kEscapable.npos) {
          add(text.substr(1, 1));
          return 2;
        }
        add(U"");
        return 1;
      case U'(':
        round_.push_back(parts_.size());
        return 1;
      case U'[':
        square_.push_back(parts_.size());
        return 1;
      case U')':
        if (!close(round_, kRound)) add(text.substr(0, 1));
        return 1;
      case U']':
        if (!close(square_, kSquare)) add(text.substr(0, 1));
        return 1;
      case U':':
        if (const auto weight = closing_weight(text)) {
          if (round_.empty()) {
            add(text.substr(0, weight->length));
          } else {
            close(round_, value_of(weight->number));
          }
          return weight->length;
        }
        add(text.substr(0, 1));
        return 1;
      default: {
        const std::size_t length = std::min(text.find_first_of(kSpecial), text.size());
        add_words(text.substr(0, length));
        return length;
      }
    }
  }

  void add(std::u32string_view text) { parts_.push_back({to_utf8(text), 1.0}); }

  // Splits at BREAK and drops the blanks around it.
  void add_words(std::u32string_view text) {
    for (auto at = find_word(text, kBreak); at != text.npos; at = find_word(text, kBreak)) {
      add(trim_end(text.substr(0, at)));
      parts_.push_back({to_utf8(kBreak), -1.0});
      text.remove_prefix(at + kBreak.size());
      while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    }
    add(text);
  }

  bool close(std::vector<std::size_t>& open, double factor) {
    if (open.empty()) return false;
    multiply(open.back(), factor);
    open.pop_back();
    return true;
  }

  void multiply(std::size_t first, double factor) {
    for (std::size_t i = first; i < parts_.size(); ++i) parts_[i].weight *= factor;
  }

  std::vector<WeightedText> parts_;
  std::vector<std::size_t> round_, square_;  // the part that follows each open bracket
};

}  // namespace

Emphasis parse_emphasis(std::string_view name) {
  const auto plain = [](std::string_view text) {
    std::u32string letters = to_lower(to_code_points(text));
    std::replace(letters.begin(), letters.end(), U'-', U' ');
    return letters;
  };
  std::vector<std::string> known;
  for (const auto& [title, emphasis] : kEmphasisNames) {
    if (plain(title) == plain(name)) return emphasis;
    known.emplace_back(title);
  }
  throw Error(ErrorKind::InvalidArgument, "unknown emphasis '" + std::string(name) + "'",
              suggestion(name, known));
}

bool is_break(const WeightedText& part) { return part.weight == -1.0 && part.text == "BREAK"; }

std::vector<WeightedText> parse_attention(std::string_view prompt) {
  Parser parser;
  parser.read(prompt_characters(prompt));
  return std::move(parser).finish();
}

}  // namespace sfumato
