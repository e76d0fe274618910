#include "sfumato/request/plot_table.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using Names = std::vector<std::string>;

PlotRequest plot_of(const std::string& x, const std::string& y = "", const std::string& z = "") {
  PlotRequest request;
  request.prompt = "a red cat";
  request.seed = 7;
  request.x = x;
  request.y = y;
  request.z = z;
  return request;
}

std::string failure_of_plot(const PlotRequest& request) {
  try {
    plot_table(request);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
    return e.what();
  }
  return "";
}

TEST(PlotTable, GivesEveryCellItsValues) {
  const PlotTable table = plot_table(plot_of("steps=10,20", "guidance=1,5,7.5", "sampler=euler"));
  EXPECT_EQ(table.x, (Names{"Steps: 10", "Steps: 20"}));
  EXPECT_EQ(table.y, (Names{"CFG Scale: 1", "CFG Scale: 5", "CFG Scale: 7.5"}));
  EXPECT_EQ(table.z, (Names{"euler"}));
  ASSERT_EQ(table.cells.size(), 6u);
  EXPECT_EQ(table.cells[5].request.steps, 20);
  EXPECT_EQ(table.cells[5].request.guidance, 7.5);
  EXPECT_EQ(table.cells[2].request.steps, 10);
  EXPECT_EQ(table.cells[2].request.guidance, 5);
  for (const PlotCell& cell : table.cells) {
    EXPECT_EQ(cell.request.seed, 7u);
    EXPECT_EQ(cell.request.sampler, "euler");
    EXPECT_EQ(cell.request.prompt, "a red cat");
  }
}

TEST(PlotTable, CellsOfOneRefinerArePaintedTogether) {
  const PlotTable table = plot_table(plot_of("refiner=None,xl", "refiner-switch=0.5,1"));
  ASSERT_EQ(table.cells.size(), 4u);
  EXPECT_EQ(table.x, (Names{"None", "xl"}));
  EXPECT_FALSE(table.cells[0].request.refiner);
  EXPECT_EQ(refiner_of(table.cells[1]), "xl");
  EXPECT_EQ(refiner_of(table.cells[3]), "");  // nothing is left to it
  EXPECT_EQ(painting_order(table), (std::vector<std::size_t>{0, 2, 3, 1}));
}

TEST(PlotTable, SidesThatDoNotVaryHaveNoNames) {
  const PlotTable table = plot_table(plot_of("", "seed=1-3"));
  EXPECT_EQ(table.x, Names{""});
  EXPECT_EQ(table.z, Names{""});
  ASSERT_EQ(table.cells.size(), 3u);
  EXPECT_EQ(table.cells[2].request.seed, 3u);
  PlotRequest unnamed = plot_of("steps=1,2");
  unnamed.no_labels = true;
  EXPECT_EQ(plot_table(unnamed).x, (Names{"", ""}));
}

TEST(PlotTable, ChangesWordsAndSizes) {
  const PlotTable table =
      plot_table(plot_of("prompt-replace=red,blue,\"big, green\"", "size=64x96,32x32"));
  ASSERT_EQ(table.cells.size(), 6u);
  EXPECT_EQ(table.cells[0].request.prompt, "a red cat");
  EXPECT_EQ(table.cells[4].request.prompt, "a blue cat");
  EXPECT_EQ(table.cells[5].request.prompt, "a big, green cat");
  EXPECT_EQ(table.cells[0].request.width, 64);
  EXPECT_EQ(table.cells[0].request.height, 96);
  EXPECT_EQ(table.cells[3].request.height, 32);
  EXPECT_EQ(plot_table(plot_of("prompt-order=red,cat")).cells[1].request.prompt, "a cat red");
}

TEST(PlotTable, RefusesValuesBeforeAnythingIsPainted) {
  EXPECT_NE(failure_of_plot(plot_of("steps=10,0")).find("--steps: expected 1 to 1000"),
            std::string::npos);
  EXPECT_NE(failure_of_plot(plot_of("seed=-1")).find("--seed"), std::string::npos);
  EXPECT_NE(failure_of_plot(plot_of("emphasis=strong")).find("'strong'"), std::string::npos);
  EXPECT_NE(failure_of_plot(plot_of("size=64")).find("WIDTHxHEIGHT"), std::string::npos);
  EXPECT_NE(failure_of_plot(plot_of("size=64x")).find("--height"), std::string::npos);
  EXPECT_NE(failure_of_plot(plot_of("prompt-replace=dog,cat")).find("'dog'"), std::string::npos);
  EXPECT_NE(failure_of_plot(plot_of("seed=1-500", "steps=1-500")).find("250000 pictures"),
            std::string::npos);
}

TEST(PlotTable, PaintsOneModelAfterTheOther) {
  const PlotTable table = plot_table(plot_of("model=a,b", "seed=1,2", "vae=v,w"));
  EXPECT_EQ(table.cells[0].model, "a");
  EXPECT_EQ(table.cells[0].vae, "v");
  EXPECT_EQ(table.cells[7].model, "b");
  EXPECT_EQ(table.cells[7].vae, "w");
  EXPECT_EQ(painting_order(table), (std::vector<std::size_t>{0, 2, 1, 3, 4, 6, 5, 7}));
}

}  // namespace
}  // namespace sfumato
