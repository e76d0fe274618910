#include "sfumato/tasks/plot.h"

#include <gtest/gtest.h>

#include <atomic>

#include "sfumato/base/error.h"
#include "sfumato/tasks/text_to_image.h"
#include "support/random_model.h"

namespace sfumato {
namespace {

const Model& plot_model() {
  static const Model model = test::random_model("tiny_sd1");
  return model;
}

PlotRequest tiny_plot(const std::string& x, const std::string& y = "") {
  PlotRequest request;
  request.prompt = "a red cat";
  request.seed = 7;
  request.steps = 2;
  request.x = x;
  request.y = y;
  return request;
}

/// Counts how often weights are made ready.
struct PlotOpener {
  PromptSources sources;
  std::vector<std::string> opened;

  OpenPlotModel open() {
    return [this](const PlotCell& cell) -> PlotModel {
      opened.push_back(cell.model);
      return {plot_model(), sources};
    };
  }
};

bool is_white(const Image& image) {
  return std::all_of(image.rgb.begin(), image.rgb.end(), [](auto value) { return value == 255; });
}

TEST(Plot, PaintsEveryCellAsTxt2imgDoes) {
  const PlotRequest request = tiny_plot("steps=1,2", "prompt-replace=red,blue");
  PlotTable table = plot_table(request);
  PlotOpener opener;
  const PlottedCells painted = paint_cells(table, 0, opener.open());
  ASSERT_EQ(painted.images.size(), 4u);
  EXPECT_EQ(painted.stopped, nullptr);
  EXPECT_EQ(opener.opened.size(), 1u);
  for (std::size_t i = 0; i < 4; ++i) {
    PaintRequest alone = request;
    alone.steps = i % 2 == 0 ? 1 : 2;
    alone.prompt = i < 2 ? "a red cat" : "a blue cat";
    EXPECT_EQ(painted.images[i].rgb, text_to_image(plot_model(), alone).images[0].rgb) << i;
    EXPECT_EQ(table.cells[i].request.sampler, plot_model().config.defaults.sampler);
  }
}

TEST(Plot, LoadsEveryModelOnceAndCountsAllSteps) {
  PlotTable table = plot_table(tiny_plot("model=a,b", "steps=1,3"));
  PlotOpener opener;
  std::vector<int> cells;
  int last = -1, all = 0;
  Observer observer;
  observer.on_image = [&](const Image&, std::uint64_t, int index) { cells.push_back(index); };
  observer.on_step = [&](const Progress& progress) {
    EXPECT_GT(progress.step, last);
    EXPECT_EQ(progress.count, 1);
    last = progress.step;
    all = progress.steps;
  };
  paint_cells(table, 0, opener.open(), observer);
  EXPECT_EQ(opener.opened, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(cells, (std::vector<int>{0, 2, 1, 3}));
  EXPECT_EQ(all, 8);
  EXPECT_EQ(last, 7);
}

TEST(Plot, KeepsFinishedCellsWhenItIsStopped) {
  PlotTable table = plot_table(tiny_plot("seed=1-3"));
  PlotOpener opener;
  std::atomic<bool> stop{false};
  Observer observer;
  observer.cancel = CancelToken(stop);
  observer.on_image = [&](const Image&, std::uint64_t, int index) { stop = index == 1; };
  const PlottedCells painted = paint_cells(table, 0, opener.open(), observer);
  ASSERT_NE(painted.stopped, nullptr);
  EXPECT_THROW(std::rethrow_exception(painted.stopped), Error);
  EXPECT_FALSE(is_white(painted.images[0]));
  EXPECT_FALSE(is_white(painted.images[1]));
  EXPECT_TRUE(is_white(painted.images[2]));
  EXPECT_EQ(painted.images[2].width, painted.images[0].width);

  stop = true;
  EXPECT_THROW(paint_cells(table, 0, opener.open(), observer), Error);  // nothing to keep
}

TEST(Plot, ChecksWhatTheModelCannotPaintFirst) {
  int steps = 0;
  Observer observer;
  observer.on_step = [&](const Progress&) { ++steps; };
  PlotOpener opener;
  for (const char* axis : {"width=32,33", "noise=torch_cpu,white", "sampler=euler,eulr"}) {
    PlotTable table = plot_table(tiny_plot(axis));
    EXPECT_THROW(paint_cells(table, 0, opener.open(), observer), Error) << axis;
  }
  PlotTable large = plot_table(tiny_plot("seed=1-900"));
  for (PlotCell& cell : large.cells) cell.request.width = 64;
  EXPECT_THROW(paint_cells(large, 0, opener.open(), observer), Error);
  EXPECT_EQ(steps, 0);
}

}  // namespace
}  // namespace sfumato
