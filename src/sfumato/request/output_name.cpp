#include "sfumato/request/output_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/base/sha256.h"
#include "sfumato/text/prompt_characters.h"
#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

using Arguments = std::vector<std::string>;
/// Nothing: the name is left out together with the text before it.
using Value = std::optional<std::string>;

constexpr std::size_t kLongestValue = 128;  // characters
constexpr std::size_t kLongestName =
    200;  // bytes of one folder or file name, without what is added
constexpr std::size_t kMostNameWords = 8;
constexpr std::size_t kLongestPattern = 4096;

// Characters that no file name takes on some system, or that a shell misreads.
bool is_unsafe(char32_t c) {
  return c < 0x20 || c == 0x7F ||
         std::u32string_view(U"#<>:\"/\\|?*").find(c) != std::u32string_view::npos;
}

std::string safe(std::string_view text, bool keep_spaces = true) {
  std::u32string value = to_code_points(text);
  for (char32_t& c : value) {
    if (is_unsafe(c) || (c == U' ' && !keep_spaces)) c = U'_';
  }
  value.erase(0, std::min(value.find_first_not_of(U" ."), value.size()));
  value.resize(std::min(value.size(), kLongestValue));
  value.resize(value.find_last_not_of(U" .") + 1);  // npos + 1 == 0
  return to_utf8(value);
}

bool is_punctuation(char32_t c) { return c > 0x20 && c < 0x7F && !is_word_character(c); }

std::string words_of(const std::string& prompt) {
  std::u32string result;
  std::size_t words = 0;
  bool in_word = false;
  for (const char32_t c : to_code_points(prompt)) {
    const bool is_part = !is_blank(c) && !is_punctuation(c) && c != U'_';
    if (is_part && !in_word && ++words > kMostNameWords) break;
    if (is_part && !in_word && words > 1) result += U' ';
    if (is_part) result += c;
    in_word = is_part;
  }
  return words == 0 ? "empty" : safe(to_utf8(result));
}

std::string time_text(const std::tm& time, const std::string& format) {
  char text[200];
  const std::size_t size = std::strftime(text, sizeof text, format.c_str(), &time);
  return safe(std::string_view(text, size));
}

Value date_time(const NameFacts& facts, const Arguments& arguments) {
  if (arguments.size() > 1) {
    throw Error(ErrorKind::InvalidArgument, "[datetime]: time zones are not supported",
                "write [datetime<%Y-%m-%d>]");
  }
  const bool has_format = !arguments.empty() && !arguments.front().empty();
  return time_text(facts.time, has_format ? arguments.front() : "%Y%m%d%H%M%S");
}

std::string shortened(const std::string& hash, const Arguments& arguments, std::size_t usual) {
  std::size_t size = usual;
  if (!arguments.empty() && !arguments.front().empty()) {
    const std::string& text = arguments.front();
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (problem != std::errc() || end != text.data() + text.size()) {
      throw Error(ErrorKind::InvalidArgument,
                  "output name: expected a number of digits, found '" + text + "'");
    }
  }
  return hash.substr(0, size);
}

// <word|otherwise>...: every word that the prompt holds, or what is to stand there otherwise.
Value has_prompt(const NameFacts& facts, const Arguments& arguments) {
  const std::u32string prompt = to_lower(to_code_points(facts.prompt));
  std::string result;
  for (const std::string& argument : arguments) {
    const std::size_t bar = std::min(argument.find('|'), argument.size());
    const std::u32string word = to_lower(to_code_points(argument.substr(0, bar)));
    if (argument.empty()) continue;
    if (prompt.find(word) != prompt.npos) {
      result += to_utf8(word);
    } else if (bar < argument.size()) {
      result += argument.substr(bar + 1);
    }
  }
  return safe(result);
}

std::string decimal(double value) { return nlohmann::json(value).dump(); }

Value only_if(bool condition, int value) {
  return condition ? Value(std::to_string(value)) : std::nullopt;
}

struct Name {
  std::string_view name;
  Value (*value)(const NameFacts& facts, const Arguments& arguments);
};

using F = const NameFacts&;
using A = const Arguments&;
constexpr std::array kNames{
    Name{"seed", [](F f, A) -> Value { return std::to_string(f.seed); }},
    Name{"seed_first", [](F f, A) -> Value { return std::to_string(f.first_seed); }},
    Name{"seed_last",
         [](F f, A) -> Value {
           return f.batch_size > 1 ? Value(std::to_string(f.last_seed)) : std::nullopt;
         }},
    Name{"steps", [](F f, A) -> Value { return std::to_string(f.steps); }},
    Name{"cfg", [](F f, A) -> Value { return decimal(f.guidance); }},
    Name{"width", [](F f, A) -> Value { return std::to_string(f.width); }},
    Name{"height", [](F f, A) -> Value { return std::to_string(f.height); }},
    Name{"sampler", [](F f, A) -> Value { return safe(f.sampler); }},
    Name{"scheduler", [](F f, A) -> Value { return safe(f.spacing); }},
    Name{"model_hash", [](F f, A) -> Value { return safe(f.model_hash.substr(0, 10)); }},
    Name{"model_name", [](F f, A) -> Value { return safe(f.model_name); }},
    Name{"date", [](F f, A) -> Value { return time_text(f.time, "%Y-%m-%d"); }},
    Name{"datetime", date_time},
    Name{"job_timestamp", [](F f, A) -> Value { return time_text(f.time, "%Y%m%d%H%M%S"); }},
    Name{"prompt", [](F f, A) -> Value { return safe(f.prompt, false); }},
    Name{"prompt_spaces", [](F f, A) -> Value { return safe(f.prompt); }},
    Name{"prompt_words", [](F f, A) -> Value { return words_of(f.prompt); }},
    Name{"prompt_hash", [](F f, A a) -> Value { return shortened(sha256_hex(f.prompt), a, 8); }},
    Name{"negative_prompt_hash",
         [](F f, A a) -> Value { return shortened(sha256_hex(f.negative_prompt), a, 8); }},
    Name{"full_prompt_hash",
         [](F f, A a) -> Value {
           return shortened(sha256_hex(f.prompt + " " + f.negative_prompt), a, 8);
         }},
    Name{"hasprompt", has_prompt},
    Name{"image_hash", [](F f, A a) -> Value { return shortened(f.image_hash, a, 64); }},
    Name{"batch_number", [](F f, A) -> Value { return only_if(f.batch_size > 1, f.batch_number); }},
    Name{"batch_size", [](F f, A) -> Value { return std::to_string(f.batch_size); }},
    Name{"generation_number",
         [](F f, A) -> Value { return only_if(f.generation_count > 1, f.generation_number); }},
    Name{"clip_skip", [](F f, A) -> Value { return std::to_string(f.clip_skip); }},
    Name{"denoising",
         [](F f, A) -> Value {
           return f.strength && *f.strength != 0 ? Value(decimal(*f.strength)) : std::nullopt;
         }},
    Name{"none", [](F, A) -> Value { return ""; }},
};

// "datetime<%Y><UTC>" -> "datetime" and its arguments.
std::string_view take_arguments(std::string_view text, Arguments& arguments) {
  while (text.ends_with('>')) {
    const std::size_t begin = text.rfind('<');
    if (begin == text.npos) break;
    arguments.emplace(arguments.begin(), text.substr(begin + 1, text.size() - begin - 2));
    text = text.substr(0, begin);
  }
  return text;
}

Value value_of(std::string_view inside, const NameFacts& facts) {
  Arguments arguments;
  const std::string name = to_utf8(to_lower(to_code_points(take_arguments(inside, arguments))));
  std::vector<std::string> known;
  for (const Name& row : kNames) {
    if (row.name == name) return row.value(facts, arguments);
    known.emplace_back(row.name);
  }
  throw Error(ErrorKind::InvalidArgument, "output name: unknown [" + name + "]",
              suggestion(name, known, 40));
}

// At most kLongestName bytes, not within a character.
std::string limited(std::string name) {
  if (name.size() <= kLongestName) return name;
  std::size_t size = kLongestName;
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80) --size;
  name.resize(size);
  return name;
}

// The path without empty parts; nothing in it leads out of the folder it is put in.
std::string contained(std::string_view path, std::string_view pattern) {
  std::string result;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string part = limited(std::string(path.substr(0, end)));
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      throw Error(ErrorKind::InvalidArgument,
                  "output name '" + std::string(pattern) + "' leads out of its folder",
                  "name the folder with --out");
    }
    result += (result.empty() ? "" : "/") + part;
  }
  return result.empty() ? "picture" : result;
}

}  // namespace

std::string output_name(std::string_view pattern, const NameFacts& facts) {
  if (pattern.empty() || pattern.size() > kLongestPattern || pattern.front() == '/' ||
      pattern.find_first_of(std::string_view("\\\0\n\r", 4)) != pattern.npos) {
    throw Error(
        ErrorKind::InvalidArgument,
        "output name '" + std::string(pattern.substr(0, 60)) + "': expected a relative path",
        "for example: [date]/[seed]-[prompt_words]");
  }
  std::string path;
  for (std::string_view rest = pattern; !rest.empty();) {
    const std::size_t open = std::min(rest.find('['), rest.size());
    const std::size_t close = rest.find(']', open);
    if (open == rest.size() || close == rest.npos) {
      path += rest;
      break;
    }
    if (const Value value = value_of(rest.substr(open + 1, close - open - 1), facts)) {
      path += rest.substr(0, open);
      path += *value;
    }
    rest.remove_prefix(close + 1);
  }
  return contained(path, pattern);
}

}  // namespace sfumato
