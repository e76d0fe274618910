#pragma once

#include <exception>
#include <functional>
#include <vector>

#include "sfumato/family/model.h"
#include "sfumato/image/image.h"
#include "sfumato/request/plot_table.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

/// What paints a cell; both live until the next one is asked for.
struct PlotModel {
  const Model& model;
  const PromptSources& sources;
};
/// Makes the model of a cell ready. Called when model, VAE or refiner differ from those of the cell
/// before.
using OpenPlotModel = std::function<PlotModel(const PlotCell&)>;

struct PlottedCells {
  std::vector<Image> images;             ///< [z][y][x]; white where nothing was painted
  std::exception_ptr stopped = nullptr;  ///< why some are white
};

/// Paints the cells of a plot, each as txt2img paints it alone, in painting_order(). The cells get
/// their model's defaults, and the size of the whole is checked with `gap`, before anything is
/// painted with it. The observer counts the steps of all cells as those of one picture; on_image
/// gets the index of the cell. An error (Ctrl-C too) ends the painting; before the first cell is
/// finished it is thrown, later it is handed back with the cells that are.
PlottedCells paint_cells(PlotTable& table, int gap, const OpenPlotModel& open,
                         const Observer& observer = {});

}  // namespace sfumato
