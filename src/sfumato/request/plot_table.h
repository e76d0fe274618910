#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sfumato/request/text_tasks.h"

namespace sfumato {

/// One picture of a plot.
struct PlotCell {
  PaintRequest request;
  std::string model = {}, vae = {};  ///< as the axes name them; "": as for all cells
};

/// A plot with its axes applied.
struct PlotTable {
  std::vector<std::string> x, y, z;  ///< names; a single empty one where nothing varies
  std::vector<PlotCell> cells;       ///< [z][y][x]
};

/// The axes are applied in the order x, y, z. The request's seed and prompts are final, so that all
/// cells have the same unless an axis says otherwise. Throws InvalidArgument for a value that the
/// field of its axis does not take, a text to replace that no prompt holds, and more than
/// kMostPlotCells pictures.
PlotTable plot_table(const PlotRequest& request);
inline constexpr std::size_t kMostPlotCells = 10000;

/// The model that paints the end of the cell's steps, or "".
std::string refiner_of(const PlotCell& cell);

/// Indices of the cells, those with the same model, VAE and refiner one after another.
std::vector<std::size_t> painting_order(const PlotTable& table);

/// What A1111's web UI calls a size: "512x768". Throws InvalidArgument.
void set_size(PaintRequest& request, const std::string& text);

}  // namespace sfumato
