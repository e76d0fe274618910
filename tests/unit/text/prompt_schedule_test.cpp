#include "sfumato/text/prompt_schedule.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using Schedule = std::vector<ScheduledText>;

Schedule in_ten(std::string_view prompt) { return schedule_prompt(prompt, {.steps = 10}); }

TEST(PromptSchedule, SwitchesAtAStepOrAFraction) {
  EXPECT_EQ(in_ten("a [b:c:3]"), (Schedule{{3, "a b"}, {10, "a c"}}));
  EXPECT_EQ(in_ten("a [b:.5] c"), (Schedule{{5, "a  c"}, {10, "a b c"}}));
  EXPECT_EQ(in_ten("[a::0.25]"), (Schedule{{2, "a"}, {10, ""}}));
  EXPECT_EQ(in_ten("[a:b:0]"), (Schedule{{10, "b"}}));
  EXPECT_EQ(in_ten("[a:b:12]"), (Schedule{{10, "a"}}));
  EXPECT_EQ(in_ten("[a:b:1e300]"), (Schedule{{10, "a"}}));
}

TEST(PromptSchedule, NestsAndKeepsOtherBrackets) {
  EXPECT_EQ(in_ten("a[b:[c:d:2]:1]e"), (Schedule{{1, "abe"}, {2, "ace"}, {10, "ade"}}));
  EXPECT_EQ(in_ten("(x [y:(z:1.2):5]:1.3)"), (Schedule{{5, "(x y:1.3)"}, {10, "(x (z:1.2):1.3)"}}));
  EXPECT_EQ(in_ten("[a]"), (Schedule{{10, "[a]"}}));
}

TEST(PromptSchedule, AlternatesWordsStepByStep) {
  const auto schedule = schedule_prompt("[fe||]male", {.steps = 4});
  EXPECT_EQ(schedule, (Schedule{{1, "female"}, {2, "male"}, {3, "male"}, {4, "female"}}));
}

TEST(PromptSchedule, TheSecondPassCountsOn) {
  const PromptSteps second{.steps = 10, .hires_steps = 20};
  EXPECT_EQ(schedule_prompt("[a:b:0.5]", second), (Schedule{{20, "b"}}));
  EXPECT_EQ(schedule_prompt("[a:b:1.5]", second), (Schedule{{10, "a"}, {20, "b"}}));
  EXPECT_EQ(schedule_prompt("[a:b:13]", second), (Schedule{{3, "a"}, {20, "b"}}));
}

TEST(PromptSchedule, TheOldTimelineKnowsStepsFromOneOn) {
  const PromptSteps old{.steps = 10, .hires_steps = 20, .old_timeline = true};
  EXPECT_EQ(schedule_prompt("[a:b:1.5]", old), (Schedule{{1, "a"}, {10, "b"}}));
  EXPECT_EQ(schedule_prompt("[a:b:0.5]", old), (Schedule{{5, "a"}, {10, "b"}}));
}

TEST(PromptSchedule, BracketsWithoutPartnerArePlain) {
  EXPECT_EQ(in_ten("((a][:b:c [d:3]"), (Schedule{{3, "((a][:b:c "}, {10, "((a][:b:c d"}}));
  EXPECT_EQ(in_ten("x [a:b:3]]"), (Schedule{{3, "x a]"}, {10, "x b]"}}));
}

TEST(PromptSchedule, WhatDoesNotFitTheGrammarStaysAsItIs) {
  for (const char* text : {"a|[b:c:3]", "[a|b:5] [c:d:3]", "[b:c:3]\\", "[b:c:3]\\\n"}) {
    EXPECT_EQ(in_ten(text), (Schedule{{10, text}})) << text;
  }
  EXPECT_EQ(in_ten("\\[a:b:3\\]"), (Schedule{{10, "\\[a:b:3\\]"}}));
}

TEST(PromptSchedule, DeepNestingNeedsNoStack) {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "[a:";
  text += "b";
  for (int i = 0; i < 10000; ++i) text += ":5]";
  EXPECT_EQ(in_ten(text), (Schedule{{5, "a"}, {10, "b"}}));
}

TEST(PromptSchedule, RefusesRunsWithoutSteps) {
  EXPECT_THROW(schedule_prompt("a", {.steps = 0}), Error);
  EXPECT_THROW(schedule_prompt("a", {.steps = 5, .hires_steps = 0}), Error);
}

}  // namespace
}  // namespace sfumato
