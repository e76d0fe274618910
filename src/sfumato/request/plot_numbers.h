#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sfumato/request/plot_axis.h"

namespace sfumato {

/// An X/Y/Z plot has at most so many values along an axis.
inline constexpr std::size_t kMostPlotValues = 1000;

/// The numbers that the texts of a Whole or Decimal axis stand for, ranges written out; a range
/// includes its end where a step meets it. Throws InvalidArgument for what is no number and no
/// range. Source: A1111, scripts/xyz_grid.py.
std::vector<std::string> expand_plot_numbers(const std::vector<std::string>& texts, AxisKind kind);

/// Throws InvalidArgument for the values of an axis, with examples as hint.
[[noreturn]] void refuse_plot_values(std::string_view text, const std::string& reason);

}  // namespace sfumato
