#include "sfumato/request/plot_axis.h"

#include "../target.h"

namespace sfumato::fuzz {
namespace {

void read_plot_axis(std::string_view bytes) {
  const PlotValues axis = parse_plot_axis(bytes);
  for (std::size_t i = 0; i < axis.values.size(); ++i) axis.label(i);
}

}  // namespace

const Target plot_axis{.name = "plot_axis", .read = read_plot_axis};

}  // namespace sfumato::fuzz
