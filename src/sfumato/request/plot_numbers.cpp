#include "sfumato/request/plot_numbers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "sfumato/base/error.h"
#include "sfumato/base/fields.h"

namespace sfumato {
namespace {

/// A value of a numeric axis: FIRST[-LAST[ (STEP)| [COUNT]]].
struct Range {
  double first = 0, last = 0;
  std::optional<double> step, count;
};

std::string_view after_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

/// Reads the parts of a range from left to right.
class RangeReader {
 public:
  explicit RangeReader(std::string_view text) : text_(text), rest_(after_blanks(text)) {}

  Range read() {
    Range range;
    range.first = range.last = number();
    if (rest_.empty()) return range;
    expect('-');
    range.last = number();
    if (take('(')) {
      range.step = number();
      expect(')');
    } else if (take('[')) {
      range.count = number();
      expect(']');
    }
    if (!rest_.empty()) refuse_plot_values(text_, "cannot read '" + std::string(rest_) + "'");
    return range;
  }

 private:
  bool take(char mark) {
    if (rest_.empty() || rest_.front() != mark) return false;
    rest_ = after_blanks(rest_.substr(1));
    return true;
  }
  void expect(char mark) {
    if (!take(mark)) refuse_plot_values(text_, std::string("'") + mark + "' expected");
  }
  double number() {
    take('+');
    const std::size_t sign = rest_.starts_with('-') ? 1 : 0;
    const std::size_t end = std::min(rest_.find_first_not_of("0123456789.", sign), rest_.size());
    double value = 0;
    try {
      fields::from_text(rest_.substr(0, end), "number", value);
    } catch (const Error&) {
      refuse_plot_values(text_, "'" + std::string(rest_) + "' is no number");
    }
    if (std::abs(value) > 1e15) refuse_plot_values(text_, "the number is too large");
    rest_ = after_blanks(rest_.substr(end));
    return value;
  }

  std::string_view text_, rest_;
};

std::string spelled(double value, AxisKind kind) {
  char text[40];
  std::snprintf(text, sizeof text, kind == AxisKind::Whole ? "%.0f" : "%.8g",
                kind == AxisKind::Whole ? std::trunc(value) : value);
  return text;
}

void add_range(const Range& range, AxisKind kind, std::string_view text,
               std::vector<std::string>& values) {
  double count = 0, step = 0;
  if (range.count) {
    count = *range.count;
    step = count > 1 ? (range.last - range.first) / (count - 1) : 0;
  } else {
    step = range.step.value_or(1);
    if (step == 0 || (range.last - range.first) / step < 0) {
      refuse_plot_values(text, "the steps lead away from the end");
    }
    count = std::floor((range.last - range.first) / step + 1e-6) + 1;
  }
  if (count < 1 || count != std::floor(count)) {
    refuse_plot_values(text, "the count is no whole number above 0");
  }
  if (count > double(kMostPlotValues)) refuse_plot_values(text, "more than 1000 values");
  for (int i = 0; i < static_cast<int>(count); ++i) {
    const bool is_end = range.count && count > 1 && i + 1 == static_cast<int>(count);
    values.push_back(spelled(is_end ? range.last : range.first + i * step, kind));
  }
}

// A number that needs no reading as a range; seeds have more digits than a double.
bool is_number(const std::string& text, AxisKind kind) {
  if (kind == AxisKind::Whole) {
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    return text.size() > sign && text.find_first_not_of("0123456789", sign) == text.npos;
  }
  try {
    double value = 0;
    fields::from_text(text, "number", value);
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool is_whole(const Range& range) {
  const auto whole = [](double value) { return value == std::trunc(value); };
  return whole(range.first) && whole(range.last) && whole(range.step.value_or(1));
}

}  // namespace

void refuse_plot_values(std::string_view text, const std::string& reason) {
  throw Error(ErrorKind::InvalidArgument, "plot values '" + std::string(text) + "': " + reason,
              "examples: 1,2,3 or 1-5 or 1-5 (+2) or 1-10 [5]");
}

std::vector<std::string> expand_plot_numbers(const std::vector<std::string>& texts, AxisKind kind) {
  std::vector<std::string> values;
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    if (is_number(text, kind)) {
      values.push_back(text);
    } else {
      const Range range = RangeReader(text).read();
      if (kind == AxisKind::Whole && !is_whole(range)) {
        refuse_plot_values(text, "whole numbers expected");
      }
      add_range(range, kind, text, values);
    }
    if (values.size() > kMostPlotValues) break;
  }
  return values;
}

}  // namespace sfumato
