#include "sfumato/adapters/textual_inversion.h"

#include <gtest/gtest.h>

#include <limits>

#include "adapters_support.h"
#include "sfumato/checkpoint/safetensors.h"

namespace sfumato {
namespace {

TextualInversion inversion_of(const TensorMap& tensors) {
  return textual_inversion(tensors, "cat", "cat.pt");
}

TEST(TextualInversion, TakesTheOneTensorWhateverItsName) {
  const auto inversion = inversion_of({{"emb_params", wave({3, 8}).to(at::kHalf)}});
  ASSERT_EQ(inversion.vectors.size(), 1u);
  EXPECT_EQ(inversion.vectors[0].size(0), 3);
  EXPECT_EQ(inversion.vectors[0].scalar_type(), at::kFloat);
}

TEST(TextualInversion, TakesAVectorAloneForAWordOfOneToken) {
  EXPECT_EQ(inversion_of({{"<cat>", wave({8})}}).vectors.at(0).size(0), 1);
}

TEST(TextualInversion, PrefersTheGroupOfTheWebInterface) {
  const auto inversion = inversion_of(
      {{"string_to_param/*", wave({2, 8})}, {"string_to_token/*", at::full({}, 265, at::kLong)}});
  ASSERT_EQ(inversion.vectors.size(), 1u);
  EXPECT_EQ(inversion.vectors[0].size(0), 2);
}

// tiny_sdxl has encoders of the widths 16 and 24, tiny_sd1 one of 16.
TEST(LearnedWord, HasTheVectorsOfEveryEncoderInItsOrder) {
  const auto both = inversion_of({{"clip_g", wave({2, 24})}, {"clip_l", wave({2, 16})}});
  const auto word = learned_word(both, find_family("tiny_sdxl"));
  EXPECT_EQ(word.name, "cat");
  ASSERT_EQ(word.vectors.size(), 2u);
  EXPECT_EQ(word.vectors[0].size(1), 16);
  EXPECT_EQ(word.vectors[1].size(1), 24);
}

TEST(LearnedWord, OfAnotherBaseModelIsAnError) {
  const auto one = inversion_of({{"emb_params", wave({2, 16})}});
  EXPECT_EQ(learned_word(one, find_family("tiny_sd1")).vectors.size(), 1u);
  const Error error = error_of([&] { learned_word(one, find_family("tiny_sdxl")); });
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  EXPECT_STREQ(error.what(),
               "cat.pt: the embedding 'cat' has vectors of the width 16, this model's text encoder "
               "needs 24");
}

TEST(TextualInversion, RefusesWhatIsNoEmbedding) {
  const auto infinite = at::full({1, 8}, std::numeric_limits<double>::infinity());
  for (const TensorMap& tensors : {
           TensorMap{},
           TensorMap{{"a", wave({2, 2, 2})}},
           TensorMap{{"a", at::ones({2, 8}, at::kLong)}},
           TensorMap{{"a", at::empty({0, 8})}},
           TensorMap{{"a", infinite}},
           TensorMap{{"a", wave({2, 8})}, {"b", wave({2, 8})}},
           TensorMap{{"a", wave({2, 8})}, {"b", wave({3, 12})}},
           TensorMap{{"a", wave({2, 8})}, {"b", wave({2, 12})}, {"c", wave({2, 16})}},
       }) {
    EXPECT_EQ(error_of([&] { inversion_of(tensors); }).kind(), ErrorKind::Corrupt);
  }
}

TEST(ReadTextualInversion, NamesTheWordAfterTheFile) {
  const auto folder = fresh_folder("textual_inversion");
  std::filesystem::create_directories(folder);
  save_safetensors(folder / "my cat.safetensors", {{"emb_params", wave({3, 8})}}, {{"step", "7"}});
  const auto inversion = read_textual_inversion(folder / "my cat.safetensors");
  EXPECT_EQ(inversion.name, "my cat");
  EXPECT_EQ(inversion.facts.at("step"), "7");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sfumato
