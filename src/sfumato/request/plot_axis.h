#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

enum class AxisKind {
  Whole,    ///< 1, 2, 3 · 1-5 · 1-5 (+2) · 1-10 [5]
  Decimal,  ///< 1.5, 2 · 1-3 (+0.5) · 0-1 [6]
  Text,     ///< a, "b, c"
  Replace,  ///< the first text is what the others (and itself) stand for in the prompts
  Order,    ///< words of the prompt, in every order
};

/// What an axis of an X/Y/Z plot varies.
struct PlotAxis {
  std::string_view label;  ///< in A1111's web UI: "CFG Scale"
  std::string_view field;  ///< of our requests: "guidance"
  AxisKind kind;
  bool value_is_label = false;  ///< "Euler", not "Sampler: Euler"
};
/// Those of the web UI, and every other field of a PaintRequest by its own name.
std::span<const PlotAxis> plot_axes();

/// An axis and its values in order, each as the text that its field reads.
struct PlotValues {
  const PlotAxis* axis;
  std::vector<std::string> values;

  /// "CFG Scale: 7", or the value alone.
  std::string label(std::size_t index) const;
};

/// "guidance=5-9 (+2)" or "CFG Scale=5,7,9". Throws InvalidArgument for an unknown axis, a value
/// that is no number where one is needed, no value, or more than 1000.
PlotValues parse_plot_axis(std::string_view text);

/// Values between commas; quotes keep commas and blanks together, "" within them is a quote. Line
/// breaks separate too. As Python's csv reader, which A1111's scripts/xyz_grid.py uses.
std::vector<std::string> split_plot_values(std::string_view text);

/// The prompts with `values[0]` replaced by `value`. Throws InvalidArgument when neither holds it.
void replace_in_prompts(const std::vector<std::string>& values, const std::string& value,
                        std::string& prompt, std::string& negative_prompt);
/// The prompt with the words of `order` (one value of an Order axis) in that order, on the places
/// where they stand now. Throws InvalidArgument for a word that the prompt does not hold.
std::string with_word_order(const std::string& prompt, const std::string& order);

}  // namespace sfumato
