#include "sfumato/family/prompt_conditioner.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/family/emphasis.h"
#include "tiny_models.h"

namespace sfumato {
namespace {

const PromptSteps kTenSteps{.steps = 10};

PromptConditioning positive(const Model& model, const std::string& prompt,
                            const PromptOptions& options = {}) {
  return condition_prompt(model, prompt, kTenSteps, {}, options);
}

at::Tensor context(const Model& model, const std::string& prompt,
                   const PromptOptions& options = {}) {
  return *positive(model, prompt, options).parts.at(0).schedule.at(1).context;
}

TEST(Emphasis, FollowsItsMode) {
  const at::Tensor z = at::arange(1, 13, at::kFloat).view({2, 3, 2});
  const at::Tensor weights = at::tensor({1.0, 2.0, 1.0, 1.0, 0.5, 1.0}, at::kFloat).view({2, 3});
  const at::Tensor once = at::ones({2});
  const auto in = [&](Emphasis mode) { return emphasize(z, weights, once, mode); };
  EXPECT_TRUE(at::equal(in(Emphasis::None), z));
  EXPECT_TRUE(at::equal(in(Emphasis::Ignore), z));
  EXPECT_TRUE(at::equal(in(Emphasis::NoNorm), z * weights.unsqueeze(-1)));
  EXPECT_TRUE(at::allclose(in(Emphasis::Original).mean(), z.mean()));
  EXPECT_FALSE(at::allclose(in(Emphasis::Original), z));
  EXPECT_TRUE(at::equal(emphasize(z * 0, weights, once, Emphasis::Original), z * 0));
}

TEST(Emphasis, ARowMayStandForSeveral) {
  const at::Tensor z = at::arange(1, 9, at::kFloat).view({2, 2, 2});
  const at::Tensor weights = at::tensor({1.0, 2.0, 1.0, 0.5}, at::kFloat).view({2, 2});
  const auto rows = [](const at::Tensor& t) { return at::cat({t, t.narrow(0, 1, 1)}, 0); };
  const at::Tensor all = emphasize(rows(z), rows(weights), at::ones({3}), Emphasis::Original);
  const at::Tensor repeats = at::tensor({1.0, 2.0}, at::kFloat);
  const at::Tensor few = emphasize(z, weights, repeats, Emphasis::Original);
  EXPECT_TRUE(at::allclose(all.narrow(0, 0, 2), few));
}

TEST(PromptConditioner, APlainPromptIsWhatTheEncoderSays) {
  const at::NoGradGuard no_grad;
  for (const char* family : {"tiny_sd1", "tiny_sdxl"}) {
    const Model model = tiny_model(family);
    const std::vector<std::string> texts{"a star"};
    const Conditioning plain = condition(model, texts);
    const auto prompt = positive(model, "a star");
    ASSERT_EQ(prompt.parts.size(), 1u);
    ASSERT_EQ(prompt.parts[0].schedule.entries.size(), 1u);
    EXPECT_EQ(prompt.parts[0].schedule.entries[0].end_step, 10);
    const Conditioning& cond = prompt.parts[0].schedule.at(1);
    EXPECT_TRUE(at::allclose(*cond.context, *plain.context, 1e-5, 1e-6)) << family;
    ASSERT_EQ(cond.vector.has_value(), plain.vector.has_value());
    if (plain.vector) {
      EXPECT_TRUE(at::allclose(*cond.vector, *plain.vector, 1e-5, 1e-6));
    }
  }
}

TEST(PromptConditioner, LongPromptsAddChunks) {
  const at::NoGradGuard no_grad;
  const Model model = tiny_model("tiny_sdxl");  // 16 positions
  const at::Tensor two = context(model, "a b BREAK c");
  EXPECT_EQ(two.sizes(), at::IntArrayRef({1, 32, 40}));
  EXPECT_TRUE(at::allclose(two.narrow(1, 0, 16), context(model, "a b"), 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(two.narrow(1, 16, 16), context(model, "c"), 1e-5, 1e-6));
  // The pooled part of the vector is the first chunk's.
  const auto vector = [&](const char* prompt) {
    return positive(model, prompt).parts[0].schedule.at(1).vector->narrow(1, 0, 24);
  };
  EXPECT_TRUE(at::allclose(vector("a b BREAK c"), vector("a b"), 1e-5, 1e-6));
}

TEST(PromptConditioner, BracketsWeighWords) {
  const at::NoGradGuard no_grad;
  const Model model = tiny_model("tiny_sd1");
  const at::Tensor plain = context(model, "a b");
  const at::Tensor weighted = context(model, "a (b:1.5)", {.emphasis = Emphasis::NoNorm});
  EXPECT_TRUE(at::allclose(weighted.narrow(1, 2, 1), plain.narrow(1, 2, 1) * 1.5, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(weighted.narrow(1, 3, 13), plain.narrow(1, 3, 13), 1e-5, 1e-6));
  EXPECT_TRUE(
      at::allclose(context(model, "a (b:1.5)", {.emphasis = Emphasis::Ignore}), plain, 1e-5, 1e-6));
}

TEST(PromptConditioner, EditsAndCompositionKeepTheirOrder) {
  const at::NoGradGuard no_grad;
  const Model model = tiny_model("tiny_sd1");
  const auto prompt = positive(model, "[a:b BREAK c:4] AND d :0.5");
  ASSERT_EQ(prompt.parts.size(), 2u);
  EXPECT_EQ(prompt.parts[1].weight, 0.5);
  const auto& entries = prompt.parts[0].schedule.entries;
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].end_step, 4);
  // All texts of one prompt are as long as its longest.
  EXPECT_EQ(entries[0].conditioning.context->size(1), 32);
  EXPECT_TRUE(at::allclose(entries[0].conditioning.context->narrow(1, 0, 16), context(model, "a"),
                           1e-5, 1e-6));
  const auto alternating = positive(model, "[a|b]").parts[0].schedule;
  ASSERT_EQ(alternating.entries.size(), 10u);
  EXPECT_TRUE(at::equal(*alternating.at(1).context, *alternating.at(3).context));
  EXPECT_FALSE(at::equal(*alternating.at(1).context, *alternating.at(2).context));
}

TEST(PromptConditioner, ClipSkipTakesAnEarlierState) {
  const at::NoGradGuard no_grad;
  const Model sd1 = tiny_model("tiny_sd1"), sdxl = tiny_model("tiny_sdxl");
  EXPECT_TRUE(at::equal(context(sd1, "a", {.clip_skip = 1}), context(sd1, "a")));
  EXPECT_FALSE(at::allclose(context(sd1, "a", {.clip_skip = 2}), context(sd1, "a")));
  // SDXL takes the last state but one in any case.
  EXPECT_TRUE(at::equal(context(sdxl, "a", {.clip_skip = 1}), context(sdxl, "a")));
  EXPECT_THROW(context(sd1, "a", {.clip_skip = 99}), Error);
}

TEST(PromptConditioner, LearnedWordsReplaceTheirName) {
  const at::NoGradGuard no_grad;
  const Model model = tiny_model("tiny_sdxl");
  // A word that says what "b" says already.
  PromptOptions options;
  LearnedWord word{"x", {}};
  for (const auto& encoder : model.text_encoders) {
    const int b = encoder.tokenizer->encode("b")[0];
    for (const auto& parameter : encoder.module->named_parameters()) {
      if (parameter.key().find("token_embedding") == std::string::npos) continue;
      word.vectors.push_back(parameter.value().narrow(0, b, 1));
    }
  }
  options.words = {word};
  EXPECT_TRUE(at::allclose(context(model, "a x c", options), context(model, "a b c"), 1e-5, 1e-6));
  EXPECT_FALSE(at::allclose(context(model, "a x c"), context(model, "a b c")));
  options.words[0].vectors.pop_back();
  EXPECT_THROW(context(model, "a", options), Error);
}

TEST(PromptConditioner, OnlyAnEmptyNegativePromptBecomesZeros) {
  const at::NoGradGuard no_grad;
  const Model model = tiny_model("tiny_sdxl");
  const auto negative = condition_negative_prompt(model, "", kTenSteps, {}, {});
  EXPECT_EQ(negative.at(1).context->abs().max().item<float>(), 0.0f);
  EXPECT_EQ(negative.at(1).vector->narrow(1, 0, 24).abs().max().item<float>(), 0.0f);
  EXPECT_GT(context(model, "").abs().max().item<float>(), 0.0f);
  EXPECT_EQ(condition_negative_prompt(model, "a AND b", kTenSteps, {}, {}).entries.size(), 1u);
}

TEST(PromptConditioner, FamiliesWithoutPromptsRefuse) {
  EXPECT_EQ(error_of([&] { positive(tiny_model("tiny_ldm_vq"), "a"); }).kind(),
            ErrorKind::Unsupported);
}

}  // namespace
}  // namespace sfumato
