#include "sfumato/request/output_name.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

NameFacts facts() {
  NameFacts facts;
  facts.prompt = "A red (circle:1.2), left of a blue square on a beige background";
  facts.sampler = "DPM++ 2M";
  facts.model_name = "v1/5";
  facts.model_hash = "0123456789abcdef";
  facts.seed = 42;
  facts.steps = 20;
  facts.width = 512;
  facts.height = 768;
  facts.guidance = 7;
  facts.time = {};
  facts.time.tm_year = 124;
  facts.time.tm_mon = 1;
  facts.time.tm_mday = 3;
  facts.time.tm_hour = 4;
  return facts;
}

TEST(OutputName, FillsInWhatItKnows) {
  EXPECT_EQ(output_name("[date]/[seed]-[prompt_words]", facts()),
            "2024-02-03/42-A red circle 1 2 left of a");
  EXPECT_EQ(output_name("[Seed]_[steps]_[cfg]_[width]x[height]", facts()), "42_20_7.0_512x768");
  EXPECT_EQ(output_name("[sampler] [model_name] [model_hash]", facts()),
            "DPM++ 2M v1_5 0123456789");
  EXPECT_EQ(output_name("[datetime<%H-%M>]", facts()), "04-00");
  EXPECT_EQ(output_name("[datetime]", facts()), "20240203040000");
  EXPECT_EQ(output_name("x[none]", facts()), "x");
}

TEST(OutputName, LeavesOutWhatWouldSayNothing) {
  NameFacts one = facts();
  EXPECT_EQ(output_name("[seed]-[batch_number]-[generation_number]", one), "42");
  one.batch_size = one.generation_count = 4;
  one.batch_number = 2;
  one.generation_number = 3;
  EXPECT_EQ(output_name("[seed]-[batch_number]-[generation_number]", one), "42-2-3");
  EXPECT_EQ(output_name("[seed][hasprompt<circle|none><dog|cat>]", one), "42circlecat");
}

TEST(OutputName, NothingThatAPromptSaysLeavesTheFolder) {
  for (const char* prompt : {"../../etc/passwd", "..", "/etc", "a/../../b", ".hidden", "\\\\server",
                             "a\nb", "  ", "", "x\0y", "\x1B[31m", "CON:", "\xFF\xFE/.."}) {
    NameFacts hostile = facts();
    hostile.prompt = hostile.sampler = hostile.model_name = prompt;
    for (const char* pattern : {"[prompt]", "[prompt_spaces]/[sampler]", "[model_name]",
                                "[prompt_words]", "a/[prompt]/b", "[hasprompt<x|../y>]"}) {
      const std::string name = output_name(pattern, hostile);
      ASSERT_FALSE(name.empty()) << pattern;
      EXPECT_NE(name.front(), '/');
      EXPECT_NE(name.front(), '.');
      EXPECT_EQ(("/" + name + "/").find("/../"), std::string::npos) << name;
      EXPECT_EQ(name.find_first_of("\n\r\\:*?\"<>|\x1B"), std::string::npos) << name;
    }
  }
}

TEST(OutputName, StaysWithinTheLengthOfFileNames) {
  NameFacts longest = facts();
  longest.prompt = "";
  for (int i = 0; i < 1000; ++i) longest.prompt += "雪";
  const std::string name = output_name("[prompt][prompt]", longest);
  EXPECT_LE(name.size(), 255u);
  EXPECT_EQ(name.size() % 3, 0u);  // no character is cut
}

TEST(OutputName, RefusesUnknownNamesAndWaysOut) {
  for (const char* pattern :
       {"", "/x", "../x", "a/../b", "[sed]", "a\\b", "[datetime<%Y><UTC>]", "[prompt_hash<x>]"}) {
    EXPECT_THROW(output_name(pattern, facts()), Error) << pattern;
  }
  try {
    output_name("[sed]", facts());
  } catch (const Error& e) {
    EXPECT_EQ(e.hint(), "did you mean 'seed'?");
  }
}

}  // namespace
}  // namespace sfumato
