#include "sfumato/text/prompt_chunks.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/text/bpe_trainer.h"

namespace sfumato {
namespace {

// One id per letter: easy to count.
const ClipTokenizer& letters() {
  static const auto tokenizer = ClipTokenizer::from_text(tokenizer_file({}, 16), "letters");
  return tokenizer;
}

ChunkedPrompt chunked(std::string_view prompt, int length = 6, int backtrack = 3) {
  ChunkOptions options;
  options.length = length;
  options.comma_backtrack = backtrack;
  return chunk_prompt(letters(), prompt, options);
}

// The words of every chunk, without BOS, EOS and filling.
std::vector<std::string> words(const ChunkedPrompt& prompt) {
  std::vector<std::string> texts;
  for (const auto& chunk : prompt.chunks) texts.push_back(letters().decode(chunk.ids));
  return texts;
}

using Words = std::vector<std::string>;

TEST(PromptChunks, AreFilledUpWithEos) {
  const auto prompt = chunked("a (b:1.5)");
  const int bos = letters().bos(), eos = letters().eos();
  const int a = letters().encode("a")[0], b = letters().encode("b")[0];
  ASSERT_EQ(prompt.chunks.size(), 1u);
  EXPECT_EQ(prompt.chunks[0].ids, (std::vector<int>{bos, a, b, eos, eos, eos, eos, eos}));
  EXPECT_EQ(prompt.chunks[0].multipliers, (std::vector<double>{1, 1, 1.5, 1, 1, 1, 1, 1}));
  EXPECT_EQ(prompt.token_count, 2);
  EXPECT_EQ(padded_with(prompt.chunks[0].ids, eos, 0),
            (std::vector<int>{bos, a, b, eos, 0, 0, 0, 0}));
  EXPECT_EQ(empty_chunk(letters(), 2).ids, (std::vector<int>{bos, eos, eos, eos}));
}

TEST(PromptChunks, AFullChunkIsCutAfterItsLastComma) {
  EXPECT_EQ(words(chunked("a b c , d e f")), (Words{"a b c ,", "d e f"}));
  EXPECT_EQ(words(chunked("a b , c d e f")), (Words{"a b , c d e", "f"}));  // too far back
  EXPECT_EQ(words(chunked("a b c , d e f", 6, 0)), (Words{"a b c , d e", "f"}));
  EXPECT_EQ(words(chunked("a b c d e f ,")), (Words{"a b c d e f", ","}));
  EXPECT_EQ(chunked("a b c , d e f").token_count, 9);
}

TEST(PromptChunks, BreakBeginsANewOne) {
  EXPECT_EQ(words(chunked("a BREAK b")), (Words{"a", "b"}));
  EXPECT_EQ(words(chunked("BREAK")), Words{""});
  EXPECT_EQ(chunked("").chunks.size(), 1u);
  EXPECT_EQ(chunked("").token_count, 0);
}

TEST(PromptChunks, WithoutEmphasisBracketsAreWords) {
  ChunkOptions options;
  options.emphasis = Emphasis::None;
  const auto prompt = chunk_prompt(letters(), "(a:1.5)", options);
  EXPECT_EQ(prompt.chunks[0].multipliers, std::vector<double>(77, 1.0));
  EXPECT_GT(prompt.token_count, 4);
}

TEST(PromptChunks, LearnedWordsTakeTheirPlaceAndStayWhole) {
  const std::vector<LearnedName> names{{letters().encode("x"), 1}, {letters().encode("x y"), 3}};
  ChunkOptions options;
  options.length = 6;
  options.words = names;
  const auto in = [&](std::string_view prompt) {
    return chunk_prompt(letters(), prompt, options).chunks;
  };
  const auto one = in("a (x y:1.5)");
  ASSERT_EQ(one.size(), 1u);
  ASSERT_EQ(one[0].words.size(), 1u);
  EXPECT_EQ(one[0].words[0].index, 1u);  // the longer name
  EXPECT_EQ(one[0].words[0].position, 2u);
  EXPECT_EQ(std::vector<int>(one[0].ids.begin() + 2, one[0].ids.begin() + 5),
            (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(one[0].multipliers, (std::vector<double>{1, 1, 1.5, 1.5, 1.5, 1, 1, 1}));

  const auto two = in("a b c d x y");  // no room for three
  ASSERT_EQ(two.size(), 2u);
  EXPECT_TRUE(two[0].words.empty());
  EXPECT_EQ(two[1].words.at(0).position, 1u);

  const auto moved = in("a b , x y e");  // cut back to the comma
  ASSERT_EQ(moved.size(), 2u);
  EXPECT_TRUE(moved[0].words.empty());
  EXPECT_EQ(moved[1].words.at(0).position, 1u);
  EXPECT_EQ(moved[1].ids[4], letters().encode("e")[0]);

  const std::vector<LearnedName> huge{{letters().encode("x"), 7}};
  options.words = huge;
  EXPECT_THROW(in("x"), Error);
}

TEST(PromptChunks, AreLimitedInNumber) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "BREAK ";
  EXPECT_THROW(chunked(text), Error);
  EXPECT_THROW(chunked("a", 0), Error);
}

}  // namespace
}  // namespace sfumato
