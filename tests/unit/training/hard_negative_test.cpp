#include "sfumato/training/hard_negative.h"

#include <gtest/gtest.h>

#include <set>

namespace sfumato {
namespace {

const std::vector<WordGroup> kGroups{{"left", "right"}, {"red", "green", "blue"}, {"ring", "star"}};

std::set<std::string> all_negatives(const std::string& caption,
                                    const std::vector<WordGroup>& groups) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    found.insert(hard_negative(caption, groups, random));
  }
  return found;
}

TEST(HardNegative, ExchangesTwoWordsOfAGroup) {
  EXPECT_EQ(all_negatives("a red ring, and a blue one", {kGroups[1]}),
            (std::set<std::string>{"a blue ring, and a red one"}));
}

TEST(HardNegative, ReplacesAWordThatIsAloneWhereverItStands) {
  EXPECT_EQ(all_negatives("left, to the left.", {kGroups[0]}),
            (std::set<std::string>{"right, to the right."}));
  EXPECT_EQ(all_negatives("a green cross", {kGroups[1]}),
            (std::set<std::string>{"a red cross", "a blue cross"}));
}

TEST(HardNegative, ChangesOneGroupAtATime) {
  EXPECT_EQ(all_negatives("red ring left of green star", kGroups),
            (std::set<std::string>{"red ring right of green star", "green ring left of red star",
                                   "red star left of green ring"}));
}

TEST(HardNegative, LooksAtWholeWordsOnly) {
  EXPECT_EQ(all_negatives("string redder leftover", kGroups), (std::set<std::string>{""}));
}

TEST(HardNegative, IsEmptyWhereThereIsNothingToChange) {
  Random random(1);
  EXPECT_EQ(hard_negative("", kGroups, random), "");
  EXPECT_EQ(hard_negative("a house", kGroups, random), "");
  EXPECT_EQ(hard_negative("red", {{"red"}}, random), "");
}

}  // namespace
}  // namespace sfumato
