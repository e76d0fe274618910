#include "sfumato/request/plot_axis.h"

#include <algorithm>
#include <array>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/request/plot_numbers.h"
#include "sfumato/request/text_tasks.h"
#include "sfumato/text/prompt_characters.h"

namespace sfumato {
namespace {

// What has a name in the web UI, or is no field of a request.
constexpr std::array kNamedAxes{
    PlotAxis{"Seed", "seed", AxisKind::Whole},
    PlotAxis{"Var. seed", "variation-seed", AxisKind::Whole},
    PlotAxis{"Var. strength", "variation-strength", AxisKind::Decimal},
    PlotAxis{"Steps", "steps", AxisKind::Whole},
    PlotAxis{"Hires steps", "hires-steps", AxisKind::Whole},
    PlotAxis{"CFG Scale", "guidance", AxisKind::Decimal},
    PlotAxis{"Prompt S/R", "prompt-replace", AxisKind::Replace, true},
    PlotAxis{"Prompt order", "prompt-order", AxisKind::Order, true},
    PlotAxis{"Sampler", "sampler", AxisKind::Text, true},
    PlotAxis{"Hires sampler", "hires-sampler", AxisKind::Text},
    PlotAxis{"Schedule type", "spacing", AxisKind::Text},
    PlotAxis{"Checkpoint name", "model", AxisKind::Text, true},
    PlotAxis{"VAE", "vae", AxisKind::Text},
    PlotAxis{"Sigma Churn", "churn", AxisKind::Decimal},
    PlotAxis{"Sigma min", "churn-min", AxisKind::Decimal},
    PlotAxis{"Sigma max", "churn-max", AxisKind::Decimal},
    PlotAxis{"Sigma noise", "churn-noise", AxisKind::Decimal},
    PlotAxis{"Eta", "eta", AxisKind::Decimal},
    PlotAxis{"Clip skip", "clip-skip", AxisKind::Whole},
    PlotAxis{"Denoising", "hires-strength", AxisKind::Decimal},
    PlotAxis{"Hires upscaler", "hires-upscaler", AxisKind::Text},
    PlotAxis{"Refiner checkpoint", "refiner", AxisKind::Text, true},
    PlotAxis{"Refiner switch at", "refiner-switch", AxisKind::Decimal},
    PlotAxis{"RNG source", "noise", AxisKind::Text},
    PlotAxis{"Size", "size", AxisKind::Text},
};

constexpr std::size_t kMostOrderedWords = 6;  // 720 orders
constexpr char kBetweenWords = '\x1F';

// Letters in small, '_' and ' ' as '-': "CFG Scale" and cfg_scale are one name.
std::string plain(std::string_view name) {
  std::string result;
  for (char c : trim(name)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    result += c == '_' || c == ' ' ? '-' : c;
  }
  return result;
}

// A cell is one picture, so how many are painted together is nothing to vary.
bool is_of_the_call(std::string_view field) { return field == "count" || field == "batch"; }

std::vector<PlotAxis> all_axes() {
  std::vector<PlotAxis> axes(kNamedAxes.begin(), kNamedAxes.end());
  for (const auto& field : kPaintRequestFields) {
    const auto same = [&](const PlotAxis& axis) { return axis.field == field.name; };
    if (is_of_the_call(field.name) || std::any_of(kNamedAxes.begin(), kNamedAxes.end(), same)) {
      continue;
    }
    const std::string_view hint = fields::value_hint(field);
    const AxisKind kind = hint == "N"   ? AxisKind::Whole
                          : hint == "X" ? AxisKind::Decimal
                                        : AxisKind::Text;
    axes.push_back({field.name, field.name, kind});
  }
  return axes;
}

const PlotAxis& find_axis(std::string_view name) {
  std::vector<std::string> known;
  for (const PlotAxis& axis : plot_axes()) {
    if (plain(name) == axis.field || plain(name) == plain(axis.label)) return axis;
    known.emplace_back(axis.field);
  }
  throw Error(ErrorKind::InvalidArgument, "unknown plot axis '" + std::string(name) + "'",
              suggestion(plain(name), known, 40));
}

std::vector<std::string> orders(std::vector<std::string> words) {
  if (words.size() > kMostOrderedWords) {
    throw Error(ErrorKind::InvalidArgument,
                "prompt-order: at most 6 words, found " + std::to_string(words.size()));
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < words.size(); ++i) order.push_back(i);
  std::vector<std::string> values;
  do {
    std::string value;
    for (const std::size_t i : order) {
      if (!value.empty()) value += kBetweenWords;
      value += words[i];
    }
    values.push_back(std::move(value));
  } while (std::next_permutation(order.begin(), order.end()));
  return values;
}

bool replace_all(std::string& text, const std::string& from, const std::string& to) {
  bool found = false;
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
    found = true;
  }
  return found;
}

}  // namespace

std::span<const PlotAxis> plot_axes() {
  static const std::vector<PlotAxis> axes = all_axes();
  return axes;
}

std::string PlotValues::label(std::size_t index) const {
  std::string value = values.at(index);
  for (std::size_t at = value.find(kBetweenWords); at != value.npos;
       at = value.find(kBetweenWords)) {
    value.replace(at, 1, ", ");
  }
  return axis->value_is_label ? value : std::string(axis->label) + ": " + value;
}

PlotValues parse_plot_axis(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) {
    throw Error(ErrorKind::InvalidArgument,
                "plot axis '" + std::string(text) + "': expected NAME=VALUES",
                "for example: steps=10,20,30");
  }
  const PlotAxis& axis = find_axis(text.substr(0, equals));
  const std::string_view list = text.substr(equals + 1);
  std::vector<std::string> values = split_plot_values(list);
  if (axis.kind == AxisKind::Whole || axis.kind == AxisKind::Decimal) {
    values = expand_plot_numbers(values, axis.kind);
  } else if (axis.kind == AxisKind::Order) {
    values = orders(std::move(values));
  }
  if (values.empty() || (axis.kind == AxisKind::Replace && values.front().empty())) {
    refuse_plot_values(list, "no value");
  }
  if (values.size() > kMostPlotValues) refuse_plot_values(list, "more than 1000 values");
  return {.axis = &axis, .values = std::move(values)};
}

std::vector<std::string> split_plot_values(std::string_view text) {
  enum class State { Start, Plain, Quoted, AfterQuote };
  std::vector<std::string> values;
  std::string value;
  State state = State::Start;
  bool row_is_empty = true;
  const auto finish = [&] {
    values.push_back(trim(std::string_view(value)));
    value.clear();
    state = State::Start;
  };
  for (const char c : text) {
    if (state == State::Quoted) {
      if (c == '"') {
        state = State::AfterQuote;
      } else {
        value += c;
      }
    } else if (c == '\n') {
      if (!row_is_empty) finish();
      row_is_empty = true;
    } else if (c == ',') {
      finish();
      row_is_empty = false;
    } else if (state == State::Start && c == '"') {
      state = State::Quoted;
      row_is_empty = false;
    } else if (state == State::AfterQuote && c == '"') {
      value += c;
      state = State::Quoted;
    } else if (state != State::Start || c != ' ') {
      value += c;
      state = State::Plain;
      row_is_empty = false;
    }
  }
  if (!row_is_empty) finish();
  return values;
}

void replace_in_prompts(const std::vector<std::string>& values, const std::string& value,
                        std::string& prompt, std::string& negative_prompt) {
  const bool found = values.front().empty() ? false : replace_all(prompt, values.front(), value);
  const bool found_too =
      values.front().empty() ? false : replace_all(negative_prompt, values.front(), value);
  if (found || found_too) return;
  throw Error(ErrorKind::InvalidArgument,
              "prompt-replace: neither prompt holds '" + values.front() + "'",
              "the first value is the text to replace");
}

std::string with_word_order(const std::string& prompt, const std::string& order) {
  std::vector<std::pair<std::size_t, std::string>> places;  // where a word stands, and the word
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= order.size();) {
    const std::size_t end = std::min(order.find(kBetweenWords, begin), order.size());
    words.push_back(order.substr(begin, end - begin));
    const std::size_t at = prompt.find(words.back());
    if (at == prompt.npos) {
      throw Error(ErrorKind::InvalidArgument,
                  "prompt-order: the prompt does not hold '" + words.back() + "'");
    }
    places.emplace_back(at, words.back());
    begin = end + 1;
  }
  std::sort(places.begin(), places.end());
  std::string result;
  std::size_t from = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& [at, word] = places[i];
    if (at < from) {
      throw Error(ErrorKind::InvalidArgument, "prompt-order: '" + word + "' overlaps another word");
    }
    result += prompt.substr(from, at - from) + words[i];
    from = at + word.size();
  }
  return result + prompt.substr(from);
}

}  // namespace sfumato
