#include <algorithm>
#include <optional>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/text/prompt_styles.h"

namespace sfumato {
namespace {

constexpr std::size_t kMaxRows = 10000, kMaxBytes = 1 << 24;

using Row = std::vector<std::string>;

// Comma separated values as Python's csv module reads them with skipinitialspace: a field that
// begins with a quote ends at the next single one, "" inside it is a quote.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  /// The next row that is not blank; nothing at the end.
  std::optional<Row> next() {
    while (at_ < text_.size()) {
      Row row = read_row();
      if (row.size() > 1 || !row[0].empty()) return row;
    }
    return std::nullopt;
  }

 private:
  Row read_row() {
    Row row;
    for (;;) {
      row.push_back(read_field());
      if (at_ == text_.size()) return row;
      const char separator = text_[at_++];
      if (separator == ',') continue;
      if (separator == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      return row;
    }
  }

  std::string read_field() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    std::string field;
    bool quoted = at_ < text_.size() && text_[at_] == '"';
    if (quoted) ++at_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (!quoted && (c == ',' || c == '\n' || c == '\r')) break;
      if (quoted && c == '"') {
        quoted = at_ + 1 < text_.size() && text_[at_ + 1] == '"';
        if (!quoted) continue;
        ++at_;
      }
      field += c;
    }
    return field;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<std::size_t> column(const Row& header, std::string_view name) {
  const auto at = std::find(header.begin(), header.end(), name);
  if (at == header.end()) return std::nullopt;
  return static_cast<std::size_t>(at - header.begin());
}

std::string cell(const Row& row, std::optional<std::size_t> column) {
  return column && *column < row.size() ? row[*column] : "";
}

}  // namespace

std::vector<PromptStyle> read_styles(std::string_view csv, const std::string& file) {
  if (csv.starts_with("\xEF\xBB\xBF")) csv.remove_prefix(3);
  CsvReader reader(csv);
  const auto header = reader.next();
  if (!header) return {};
  const auto name = column(*header, "name");
  auto prompt = column(*header, "prompt");
  if (!prompt) prompt = column(*header, "text");
  const auto negative = column(*header, "negative_prompt");
  if (!name || !prompt) {
    throw Error(ErrorKind::Corrupt, file + ": not a styles file: no columns 'name' and 'prompt'",
                "its first line must be: name,prompt,negative_prompt");
  }
  std::vector<PromptStyle> styles;
  std::size_t rows = 0;
  while (const auto row = reader.next()) {
    if (++rows > kMaxRows) {
      throw Error(ErrorKind::Corrupt, file + ": more than " + std::to_string(kMaxRows) + " styles");
    }
    PromptStyle style{cell(*row, name), cell(*row, prompt), cell(*row, negative)};
    if (style.name.empty() || style.name.starts_with('#')) continue;
    const auto same = std::find_if(styles.begin(), styles.end(), [&](const PromptStyle& known) {
      return known.name == style.name;
    });
    if (same == styles.end()) {
      styles.push_back(std::move(style));
    } else {
      *same = std::move(style);
    }
  }
  return styles;
}

std::vector<PromptStyle> load_styles(const std::filesystem::path& path) {
  return read_styles(read_file(path, kMaxBytes), path.string());
}

}  // namespace sfumato
