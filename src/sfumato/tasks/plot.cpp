#include "sfumato/tasks/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <numeric>
#include <span>
#include <utility>

#include "sfumato/image/draw.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato {
namespace {

bool is_same_model(const PlotCell& a, const PlotCell& b) {
  return a.model == b.model && a.vae == b.vae && refiner_of(a) == refiner_of(b);
}

// How many steps a cell takes, for the progress; defaults that are not known yet count as 20.
int expected_steps(const PaintRequest& request) {
  const int steps = request.steps.value_or(20);
  return steps + (request.hires_enabled() ? request.hires_steps.value_or(steps) : 0);
}

/// Pixels.
struct CellSize {
  int width, height;
};
CellSize size_of_cell(const PaintRequest& request, int latent_cell) {
  if (!request.hires_enabled()) return {*request.width, *request.height};
  const HiresSize size = hires_size(request, *request.width, *request.height, latent_cell);
  return {size.width - size.cut_x * latent_cell, size.height - size.cut_y * latent_cell};
}

Image white(int width, int height) {
  Image image(width, height);
  std::fill(image.rgb.begin(), image.rgb.end(), std::uint8_t{255});
  return image;
}

/// Paints the cells and keeps count.
class CellPainter {
 public:
  CellPainter(PlotTable& table, int gap, const OpenPlotModel& open, const Observer& observer)
      : table_(table), gap_(gap), open_(open), observer_(observer) {
    result_.images.resize(table.cells.size());
    for (const PlotCell& cell : table.cells) steps_.push_back(expected_steps(cell.request));
  }

  PlottedCells run() {
    const std::vector<std::size_t> order = painting_order(table_);
    try {
      for (std::span<const std::size_t> rest = order; !rest.empty();) {
        const PlotCell& first = table_.cells[rest.front()];
        const auto end = std::find_if(rest.begin(), rest.end(), [&](std::size_t i) {
          return !is_same_model(table_.cells[i], first);
        });
        const auto count = static_cast<std::size_t>(end - rest.begin());
        paint_group(rest.first(count));
        rest = rest.subspan(count);
      }
    } catch (...) {
      if (finished_ == 0) throw;
      result_.stopped = std::current_exception();
    }
    fill_blanks();
    return std::move(result_);
  }

 private:
  // Cells of one model.
  void paint_group(std::span<const std::size_t> cells) {
    observer_.cancel.throw_if_cancelled();
    const PlotModel use = open_(table_.cells[cells.front()]);
    for (const std::size_t i : cells) {
      PaintRequest& request = table_.cells[i].request;
      request = with_defaults(std::move(request), use.model.config);
      steps_[i] = expected_steps(request);
      const CellSize size =
          size_of_cell(request, static_cast<int>(use.model.config.latent.downsample));
      check_plot_size(size.width, size.height, table_.x, table_.y, table_.z, gap_);
    }
    for (const std::size_t i : cells) paint_cell(i, use);
  }

  void paint_cell(std::size_t index, const PlotModel& use) {
    observer_.cancel.throw_if_cancelled();
    const int all = std::accumulate(steps_.begin(), steps_.end(), 0), own = steps_[index];
    Observer observer;
    observer.cancel = observer_.cancel;
    observer.on_note = observer_.on_note;
    observer.on_step = [&](const Progress& progress) {
      const double share = double(progress.step + 1) / progress.steps;
      const int done = done_ + static_cast<int>(std::lround(share * own));
      observer_.on_step(
          {.step = done - 1, .steps = all, .first_image = 0, .images = 1, .count = 1});
    };
    const PaintRequest& request = table_.cells[index].request;
    Painted painted = text_to_image(use.model, request, observer, use.sources);
    done_ += own;
    ++finished_;
    result_.images[index] = std::move(painted.images.front());
    observer_.on_image(result_.images[index], painted.seeds.front(), static_cast<int>(index));
  }

  void fill_blanks() {
    const auto painted = std::find_if(result_.images.begin(), result_.images.end(),
                                      [](const Image& image) { return image.width > 0; });
    const Image blank = white(painted->width, painted->height);
    for (Image& image : result_.images) {
      if (image.width == 0) image = blank;
    }
  }

  PlotTable& table_;
  int gap_;
  const OpenPlotModel& open_;
  const Observer& observer_;
  PlottedCells result_;
  std::vector<int> steps_;  // of every cell
  int done_ = 0, finished_ = 0;
};

}  // namespace

PlottedCells paint_cells(PlotTable& table, int gap, const OpenPlotModel& open,
                         const Observer& observer) {
  return CellPainter(table, gap, open, observer).run();
}

}  // namespace sfumato
