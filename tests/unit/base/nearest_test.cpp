#include "sfumato/base/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace sfumato {
namespace {

const std::vector<std::string> kNames{"euler", "euler_ancestral", "heun", "dpmpp_2m"};

TEST(Nearest, FindsMisspellingsButNotStrangers) {
  EXPECT_EQ(nearest("eular", kNames), "euler");
  EXPECT_EQ(nearest("dpm++2m", kNames), "dpmpp_2m");
  EXPECT_EQ(nearest("quantum", kNames), "");
}

TEST(Suggestion, ListsTheKnownWordsWhenNoneIsNear) {
  EXPECT_EQ(suggestion("hein", kNames), "did you mean 'heun'?");
  EXPECT_EQ(suggestion("quantum", kNames, 2), "one of: euler, euler_ancestral, ... (4 in all)");
}

}  // namespace
}  // namespace sfumato
