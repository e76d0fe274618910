#include "sfumato/request/plot_axis.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using Values = std::vector<std::string>;

Values values_of(std::string_view text) { return parse_plot_axis(text).values; }

TEST(PlotAxis, ReadsListsAndRangesOfWholeNumbers) {
  EXPECT_EQ(values_of("steps=10, 20,30"), (Values{"10", "20", "30"}));
  EXPECT_EQ(values_of("seed=1-5"), (Values{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(values_of("seed=1-5(+2)"), (Values{"1", "3", "5"}));
  EXPECT_EQ(values_of("seed=1-6 (+2), 9"), (Values{"1", "3", "5", "9"}));
  EXPECT_EQ(values_of("seed=10-5 (-3)"), (Values{"10", "7"}));
  EXPECT_EQ(values_of("seed=1-10 [5]"), (Values{"1", "3", "5", "7", "10"}));
  EXPECT_EQ(values_of("seed=18446744073709551615"), (Values{"18446744073709551615"}));
}

TEST(PlotAxis, ReadsRangesOfDecimals) {
  EXPECT_EQ(values_of("CFG Scale=1-3 (+0.5)"), (Values{"1", "1.5", "2", "2.5", "3"}));
  EXPECT_EQ(values_of("cfg_scale=0-1 [6]"), (Values{"0", "0.2", "0.4", "0.6", "0.8", "1"}));
  EXPECT_EQ(values_of("eta=0, 1e-3,-0.5"), (Values{"0", "1e-3", "-0.5"}));
  EXPECT_EQ(values_of("eta=-1-1 [3]"), (Values{"-1", "0", "1"}));
}

TEST(PlotAxis, KnowsEveryFieldOfARequest) {
  EXPECT_EQ(values_of("guidance-rescale=0-1 [3]"), (Values{"0", "0.5", "1"}));
  EXPECT_EQ(values_of("hires_scale=1.5,2"), (Values{"1.5", "2"}));
  EXPECT_EQ(values_of("width=64-128 (+64)"), (Values{"64", "128"}));
  EXPECT_EQ(values_of("tiling=true,false"), (Values{"true", "false"}));
  EXPECT_EQ(parse_plot_axis("hires-scale=2").label(0), "hires-scale: 2");
  EXPECT_THROW(parse_plot_axis("count=1,2"), Error);
  for (const PlotAxis& axis : plot_axes()) {
    EXPECT_NO_THROW(parse_plot_axis(std::string(axis.field) + "=1")) << axis.field;
  }
}

TEST(PlotAxis, RefusesWhatItCannotRead) {
  for (const char* text :
       {"steps", "steps=", "steps=,", "steps=1.5", "steps=x", "steps=5-1", "steps=1-5 (0)",
        "steps=1-5 (+2", "steps=1-5 [0]", "steps=1-5 [2.5]", "steps=1-999999999",
        "eta=0-1 (+0.00001)", "nothing=1", "prompt-replace=", "eta=1--", "eta=0-1 [1e99]",
        "seed=0-9223372036854775807"}) {
    EXPECT_THROW(parse_plot_axis(text), Error) << text;
  }
}

TEST(PlotAxis, SplitsAsPythonsCsvReader) {
  EXPECT_EQ(split_plot_values("a, b ,\"c, d\", \"e\"\"f\""), (Values{"a", "b", "c, d", "e\"f"}));
  EXPECT_EQ(split_plot_values("a\nb\n\nc"), (Values{"a", "b", "c"}));
  EXPECT_EQ(split_plot_values("say \"x, y\""), (Values{"say \"x", "y\""}));
  EXPECT_EQ(split_plot_values("\"x\"y,,z"), (Values{"xy", "", "z"}));
  EXPECT_EQ(split_plot_values(""), Values{});
}

TEST(PlotAxis, LabelsAsTheWebUi) {
  EXPECT_EQ(parse_plot_axis("guidance=7").label(0), "CFG Scale: 7");
  EXPECT_EQ(parse_plot_axis("sampler=euler").label(0), "euler");
}

TEST(PlotAxis, ReplacesTextInBothPrompts) {
  std::string prompt = "a cat, a cat", negative = "no cat";
  replace_in_prompts({"cat", "dog"}, "dog", prompt, negative);
  EXPECT_EQ(prompt, "a dog, a dog");
  EXPECT_EQ(negative, "no dog");
  EXPECT_THROW(replace_in_prompts({"cat", "dog"}, "dog", prompt, negative), Error);
}

TEST(PlotAxis, PutsWordsInEveryOrder) {
  const auto axis = parse_plot_axis("Prompt order=red,blue,green");
  ASSERT_EQ(axis.values.size(), 6u);
  EXPECT_EQ(axis.label(1), "red, green, blue");
  EXPECT_EQ(with_word_order("a blue, then red and green!", axis.values[1]),
            "a red, then green and blue!");
  EXPECT_THROW(with_word_order("a blue", axis.values[0]), Error);
}

}  // namespace
}  // namespace sfumato
