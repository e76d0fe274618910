#include "sfumato/text/hugging_face_tokenizer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

TEST(HuggingFaceTokenizer, HasTheIdsOfThePublishedModels) {
  const auto files = hugging_face_tokenizer(original_vocabulary(), /*pad_with_eos=*/true);
  const auto ids = nlohmann::json::parse(files.at("vocab.json"));
  EXPECT_EQ(ids.size(), 49408u);
  EXPECT_EQ(ids["!"], 0);
  EXPECT_EQ(ids["a</w>"], 320);
  EXPECT_EQ(ids["<|startoftext|>"], 49406);
  EXPECT_EQ(ids["<|endoftext|>"], 49407);
  const auto tokenizer = ClipTokenizer::original(SpecialTokens::OpenAi);
  EXPECT_EQ(ids["photograph</w>"], tokenizer.encode("photograph").at(0));
  EXPECT_TRUE(files.at("merges.txt").starts_with("#version: 0.2\ni n\n"));

  const auto config = nlohmann::json::parse(files.at("tokenizer_config.json"));
  EXPECT_EQ(config["tokenizer_class"], "CLIPTokenizer");
  EXPECT_EQ(config["model_max_length"], 77);
  EXPECT_EQ(config["pad_token"], "<|endoftext|>");
  const auto zero = hugging_face_tokenizer(original_vocabulary(), /*pad_with_eos=*/false);
  EXPECT_EQ(nlohmann::json::parse(zero.at("special_tokens_map.json"))["pad_token"], "!");
}

TEST(HuggingFaceTokenizer, ComesBackFromItsFiles) {
  const TokenizerFile small{.context_length = 16, .merges = {{"r", "e"}, {"re", "d</w>"}}};
  auto files = hugging_face_tokenizer(small, true);
  const auto back =
      read_hugging_face_tokenizer(files["merges.txt"], files["tokenizer_config.json"], "x");
  EXPECT_EQ(back.context_length, 16);
  EXPECT_EQ(back.merges, small.merges);
  EXPECT_EQ(read_hugging_face_tokenizer("", "", "x").context_length, 77);
  EXPECT_THROW(read_hugging_face_tokenizer("a b c\n", "", "x"), Error);
  EXPECT_THROW(read_hugging_face_tokenizer("", R"({"model_max_length": "long"})", "x"), Error);
}

}  // namespace
}  // namespace sfumato
