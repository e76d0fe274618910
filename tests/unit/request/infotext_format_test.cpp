#include "sfumato/request/infotext_format.h"

#include <gtest/gtest.h>

#include "sfumato/request/infotext_parameters.h"

namespace sfumato {
namespace {

std::string value(const Infotext& text, std::string_view name) {
  const std::string* found = text.find(name);
  return found ? *found : "(absent)";
}

TEST(ReadInfotext, TakesPromptsAndValuesApart) {
  const auto text = read_infotext(
      "a cat\non a mat\nNegative prompt: dog\nbird\n"
      "Steps: 20, Sampler: Euler a, CFG scale: 7, Size: 512x768, Model: \"v1, final\"");
  EXPECT_EQ(text.prompt, "a cat\non a mat");
  EXPECT_EQ(text.negative_prompt, "dog\nbird");
  EXPECT_EQ(value(text, "Sampler"), "Euler a");
  EXPECT_EQ(value(text, "Size-1"), "512");
  EXPECT_EQ(value(text, "Size-2"), "768");
  EXPECT_EQ(value(text, "Size"), "(absent)");
  EXPECT_EQ(value(text, "Model"), "v1, final");
}

TEST(ReadInfotext, TwoPairsAreAPrompt) {
  const auto text = read_infotext("a cat\nSteps: 20, Sampler: Euler");
  EXPECT_EQ(text.prompt, "a cat\nSteps: 20, Sampler: Euler");
  EXPECT_TRUE(text.values.empty());
}

TEST(ReadInfotext, SurvivesHostileLines) {
  for (const char* unit : {"a: \"", "\\", "\"\\", "a:", "aa:\"\\,", ",", "aa", ": ", "\xF0\x9F"}) {
    std::string line;
    while (line.size() < 100000) line += unit;
    read_infotext(line);
    read_infotext("aa: 1, bb: 2, cc: 3, " + line);
  }
}

TEST(ReadInfotext, ReadsWhatItWrites) {
  Infotext text{.prompt = "a \"cat\"\n(b:1.2)",
                .negative_prompt = "x, y",
                .values = {{"Version", "v1.10.1"},
                           {"Note", "one: two, \"three\"\nfour"},
                           {"Sampler", "Euler a"},
                           {"Steps", "20"},
                           {"Other", "back\\slash"}}};
  const auto back = read_infotext(write_infotext(text));
  EXPECT_EQ(back.prompt, text.prompt);
  EXPECT_EQ(back.negative_prompt, text.negative_prompt);
  ASSERT_EQ(back.values.size(), text.values.size());
  for (const auto& [name, expected] : text.values) EXPECT_EQ(value(back, name), expected) << name;
  EXPECT_EQ(back.values.front().first, "Steps");
  EXPECT_EQ(back.values[1].first, "Sampler");
  EXPECT_EQ(back.values.back().first, "Version");
}

TEST(HashList, GoesThereAndBack) {
  const HashList hashes{{"ink", "0123456789ab"}, {"a cat", "ba9876543210"}};
  EXPECT_EQ(write_hash_list(hashes), "ink: 0123456789ab, a cat: ba9876543210");
  EXPECT_EQ(read_hash_list(write_hash_list(hashes)), hashes);
  EXPECT_EQ(write_hash_list({{"a:b,c", "1"}}), "abc: 1");
  EXPECT_EQ(read_hash_list("x, y: 1,, "), (HashList{{"y", "1"}}));
}

TEST(InfotextParameters, AddsWhatTheWebUiTakesForMissing) {
  const auto all = infotext_parameters("a (cat:1.2)");
  EXPECT_EQ(all.at("Prompt"), "a (cat:1.2)");
  EXPECT_EQ(all.at("Clip skip"), "1");
  EXPECT_EQ(all.at("Masked area padding"), 32);
  EXPECT_EQ(all.at("Emphasis"), "Original");
  EXPECT_EQ(infotext_parameters("a cat").count("Emphasis"), 0u);
}

TEST(InfotextParameters, PromptsOfTheSecondPassThatRepeatTheFirstAreDropped) {
  const std::string settings = "\nSteps: 1, Sampler: Euler, CFG scale: 7, Hires prompt: a cat";
  EXPECT_EQ(infotext_parameters("a cat" + settings).at("Hires prompt"), "");
  EXPECT_EQ(infotext_parameters("a dog" + settings).at("Hires prompt"), "a cat");
  EXPECT_EQ(infotext_parameters("a cat" + settings + ", Version: v1.7.0").at("Hires prompt"),
            "a cat");
}

TEST(InfotextParameters, LeavesImpossibleSizesAlone) {
  const auto all = infotext_parameters(
      "a\nSteps: 1, Sampler: Euler, CFG scale: 7, Size: 99999999999999x0, First pass size: 0x0");
  EXPECT_EQ(all.at("Size-1"), "99999999999999");
  EXPECT_EQ(all.at("Hires resize-1"), 0);
}

}  // namespace
}  // namespace sfumato
