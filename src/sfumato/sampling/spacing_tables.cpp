#include "sfumato/sampling/spacing_tables.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace sfumato {
namespace {

constexpr std::array kAysSd1{14.615, 6.475, 3.861, 2.697, 1.886, 1.396,
                             0.963,  0.652, 0.399, 0.152, 0.029};
constexpr std::array kAysSdxl{14.615, 6.315, 3.771, 2.181, 1.342, 0.862,
                              0.555,  0.380, 0.234, 0.113, 0.029};
constexpr std::array kGitsSd1{14.615, 4.617, 2.507, 1.236, 0.702, 0.402,
                              0.240,  0.156, 0.104, 0.094, 0.029};
constexpr std::array kGitsSdxl{14.615, 4.734, 2.567, 1.529, 0.987, 0.652,
                               0.418,  0.268, 0.179, 0.127, 0.029};

}  // namespace

std::span<const double> align_your_steps_sd1() { return kAysSd1; }
std::span<const double> align_your_steps_sdxl() { return kAysSdxl; }
std::span<const double> gits_sd1() { return kGitsSd1; }
std::span<const double> gits_sdxl() { return kGitsSdxl; }

std::vector<double> interpolate_log(std::span<const double> table, int count) {
  std::vector<double> levels;
  const double last = static_cast<double>(table.size() - 1);
  for (int i = 0; i < count; ++i) {
    const double place = count == 1 ? 0.0 : last * i / (count - 1);
    const auto low = std::min(static_cast<std::size_t>(place), table.size() - 2);
    const double w = place - static_cast<double>(low);
    levels.push_back(std::exp((1.0 - w) * std::log(table[low]) + w * std::log(table[low + 1])));
  }
  return levels;
}

}  // namespace sfumato
