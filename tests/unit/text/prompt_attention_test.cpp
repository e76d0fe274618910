#include "sfumato/text/prompt_attention.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/text/prompt_characters.h"

namespace sfumato {
namespace {

using Parts = std::vector<WeightedText>;

TEST(PromptAttention, BracketsMultiplyAndNest) {
  EXPECT_EQ(parse_attention("an (important) word"),
            (Parts{{"an ", 1.0}, {"important", 1.1}, {" word", 1.0}}));
  EXPECT_EQ(parse_attention("[a (b:1.5)]"), (Parts{{"a ", 1 / 1.1}, {"b", 1.5 * (1 / 1.1)}}));
  EXPECT_EQ(parse_attention("x ((y"), (Parts{{"x ", 1.0}, {"y", 1.1 * 1.1}}));
  EXPECT_EQ(parse_attention("(a : 1.5 )b"), (Parts{{"a ", 1.5}, {"b", 1.0}}));
}

TEST(PromptAttention, EscapesAndStrayBracketsAreText) {
  EXPECT_EQ(parse_attention("\\(a\\) ) ]"), (Parts{{"(a) ) ]", 1.0}}));
  EXPECT_EQ(parse_attention("a\\b\\\\"), (Parts{{"ab\\", 1.0}}));
  EXPECT_EQ(parse_attention("a:1.5)"), (Parts{{"a:1.5)", 1.0}}));
  EXPECT_EQ(parse_attention("\\"), (Parts{{"", 1.0}}));
  EXPECT_EQ(parse_attention(""), (Parts{{"", 1.0}}));
}

TEST(PromptAttention, BreakIsAPartOnlyAsAWordOutsideBrackets) {
  const auto parts = parse_attention("a  BREAK\nb");
  EXPECT_EQ(parts, (Parts{{"a", 1.0}, {"BREAK", -1.0}, {"b", 1.0}}));
  EXPECT_TRUE(is_break(parts[1]));
  EXPECT_FALSE(is_break(parse_attention("(a BREAK b)")[1]));
  EXPECT_EQ(parse_attention("BREAKS aBREAK").size(), 1u);
}

TEST(PromptAttention, WeightsMayBeOfAnyScriptButMustBeNumbers) {
  EXPECT_EQ(parse_attention("(a:１.２)"), (Parts{{"a", 1.2}}));
  EXPECT_EQ(parse_attention("(a:٣)"), (Parts{{"a", 3.0}}));
  EXPECT_EQ(parse_attention("(a:𝟚)"), (Parts{{"a", 2.0}}));
  for (const char* wrong : {"(a:1.2.3)", "(a:.)", "(b (a:..))"}) {
    EXPECT_THROW(parse_attention(wrong), Error) << wrong;
  }
}

TEST(PromptAttention, RefusesPromptsWithoutEnd) {
  EXPECT_EQ(parse_attention(std::string(kMaxPromptBytes, '(')).size(), 1u);
  EXPECT_THROW(parse_attention(std::string(kMaxPromptBytes + 1, 'a')), Error);
}

TEST(Emphasis, IsKnownByItsNamesInA1111) {
  EXPECT_EQ(parse_emphasis("No norm"), Emphasis::NoNorm);
  EXPECT_EQ(parse_emphasis("no-norm"), Emphasis::NoNorm);
  EXPECT_EQ(parse_emphasis("original"), Emphasis::Original);
  EXPECT_THROW(parse_emphasis("Norm"), Error);
}

}  // namespace
}  // namespace sfumato
