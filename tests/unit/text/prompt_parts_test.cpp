#include "sfumato/text/prompt_parts.h"

#include <gtest/gtest.h>

namespace sfumato {
namespace {

using PromptParts = std::vector<PromptPart>;

TEST(PromptParts, AndSplitsWithWeights) {
  EXPECT_EQ(split_prompt("a :1.2 AND b: -0.5 AND c"),
            (PromptParts{{"a", 1.2}, {" b", -0.5}, {" c", 1.0}}));
  EXPECT_EQ(split_prompt("a (b:1.2) : .7 "), (PromptParts{{"a (b:1.2)", 0.7}}));
  EXPECT_EQ(split_prompt(""), (PromptParts{{"", 1.0}}));
  EXPECT_EQ(split_prompt("AND"), (PromptParts{{"", 1.0}, {"", 1.0}}));
}

TEST(PromptParts, OnlyTheWordAndANumberCount) {
  EXPECT_EQ(split_prompt("SAND and LAND"), (PromptParts{{"SAND and LAND", 1.0}}));
  EXPECT_EQ(split_prompt("a_AND_b"), (PromptParts{{"a_AND_b", 1.0}}));
  EXPECT_EQ(split_prompt("a-AND-b"), (PromptParts{{"a-", 1.0}, {"-b", 1.0}}));
  for (const char* text : {"a :1e2", "a :1.2.3", "a:b", "a:"}) {
    EXPECT_EQ(split_prompt(text), (PromptParts{{text, 1.0}})) << text;
  }
}

TEST(PromptComments, EndWithTheirLineOrTakeItAll) {
  EXPECT_EQ(strip_comments("a #x\nb #y"), "a \nb \n");
  EXPECT_EQ(strip_comments("a\n# whole\nb"), "a\nb");
  EXPECT_EQ(strip_comments("# whole\nb"), "\nb");
  EXPECT_EQ(strip_comments("a\n#\n#\nb"), "a\n\nb");
  EXPECT_EQ(strip_comments("#"), "\n");
  EXPECT_EQ(strip_comments(""), "");
}

}  // namespace
}  // namespace sfumato
