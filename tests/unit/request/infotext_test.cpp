#include "sfumato/request/infotext.h"

#include <gtest/gtest.h>

namespace sfumato {
namespace {

TEST(Infotext, SpellsARequestAsTheWebUiDoes) {
  TextToImageRequest request;
  request.prompt = "a cat";
  request.negative_prompt = "bad, worse";
  request.steps = 20;
  request.sampler = "euler_ancestral";
  request.spacing = "karras";
  request.guidance = 7.0;
  request.seed = 5;
  request.width = 512;
  request.height = 768;
  EXPECT_EQ(infotext(request, {"model, v1", "abcdef1234567"}),
            "a cat\nNegative prompt: bad, worse\nSteps: 20, Sampler: Euler a, Schedule type: "
            "Karras, CFG scale: 7.0, Seed: 5, Size: 512x768, Model hash: abcdef1234, Model: "
            "\"model, v1\"");
}

TEST(Infotext, LeavesOutWhatIsNotSaid) {
  TextToImageRequest request;
  request.prompt = "x";
  request.steps = 1;
  EXPECT_EQ(infotext(request, {}), "x\nSteps: 1");
}

TEST(Infotext, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(infotext_quote("quote \"x\""), "quote \"x\"");
  EXPECT_EQ(infotext_quote("quote \"x\", y"), "\"quote \\\"x\\\", y\"");
  EXPECT_EQ(infotext_quote("line1\nline2"), "\"line1\\nline2\"");
}

}  // namespace
}  // namespace sfumato
