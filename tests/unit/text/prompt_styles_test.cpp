#include "sfumato/text/prompt_styles.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

const std::vector<PromptStyle> kStyles{{"photo", "photo of {prompt}, 35mm", "drawing"},
                                       {"tail", "masterpiece # secret", "lowres, {prompt}"},
                                       {"empty", "", ""}};

PromptPair styled(const PromptPair& pair, const std::vector<std::string>& names) {
  return apply_styles(pair, names, kStyles);
}

TEST(PromptStyles, GoAroundOrBehindThePrompt) {
  EXPECT_EQ(styled({"a cat", "blurry"}, {"photo", "tail"}),
            (PromptPair{"photo of a cat, 35mm, masterpiece", "lowres, blurry, drawing"}));
  EXPECT_EQ(styled({" a cat # note", ""}, {"tail"}),
            (PromptPair{"a cat, masterpiece", "lowres, "}));
  EXPECT_EQ(styled({"a", "b"}, {"unknown", "empty"}), (PromptPair{"a", "b"}));
}

TEST(PromptStyles, AreFoundAgain) {
  const std::vector<std::string> names{"photo", "tail"};
  const auto found = extract_styles(styled({"a cat", "blurry"}, names), kStyles);
  EXPECT_EQ(found.names, names);
  EXPECT_EQ(found.pair, (PromptPair{"a cat", "blurry"}));
  EXPECT_TRUE(extract_styles({"photo of a cat", ""}, kStyles).names.empty());
  // Both ends fit, but overlap.
  const std::vector<PromptStyle> overlap{{"o", "aba{prompt}ba", ""}};
  EXPECT_EQ(extract_styles({"aba", ""}, overlap).pair.prompt, "");
}

TEST(PromptStyles, CannotGrowWithoutEnd) {
  std::vector<PromptStyle> styles{{"double", "{prompt}{prompt}", ""}};
  const std::vector<std::string> names(40, "double");
  EXPECT_THROW(apply_styles({"0123456789", ""}, names, styles), Error);
}

TEST(StylesFile, IsReadAsPythonWritesIt) {
  const auto styles = read_styles(
      "\xEF\xBB\xBFname,prompt,negative_prompt\r\n"
      "photo,\"photo of {prompt}, \"\"35mm\"\"\", bad\r\n"
      "\r\n"
      "# divider,,\r\n"
      "short,\"two\nlines\"\r\n"
      "photo,again,\r\n",
      "styles.csv");
  EXPECT_EQ(styles,
            (std::vector<PromptStyle>{{"photo", "again", ""}, {"short", "two\nlines", ""}}));
  EXPECT_EQ(read_styles("name,text\na,b", "old.csv"), (std::vector<PromptStyle>{{"a", "b", ""}}));
  const auto quoted = read_styles("name,prompt\nq,\"a, \"\"b\"\"\"\n", "styles.csv");
  EXPECT_EQ(quoted.at(0).prompt, "a, \"b\"");
}

TEST(StylesFile, ForeignFilesAreRefused) {
  EXPECT_TRUE(read_styles("", "styles.csv").empty());
  EXPECT_THROW(read_styles("a,b\n1,2\n", "styles.csv"), Error);
  EXPECT_THROW(read_styles("name,negative_prompt\n", "styles.csv"), Error);
  EXPECT_EQ(read_styles("name,prompt\na,\"never closed", "styles.csv").at(0).prompt,
            "never closed");
}

}  // namespace
}  // namespace sfumato
