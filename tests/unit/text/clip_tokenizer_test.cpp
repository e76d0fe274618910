#include "sfumato/text/clip_tokenizer.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/text/bpe_trainer.h"

namespace sfumato {
namespace {

using Ids = std::vector<int>;

TEST(ClipTokenizer, HasTheOriginalVocabulary) {
  const auto tokenizer = ClipTokenizer::original(SpecialTokens::OpenAi);
  EXPECT_EQ(tokenizer.vocabulary(), 49408);
  EXPECT_EQ(tokenizer.bos(), 49406);
  EXPECT_EQ(tokenizer.eos(), 49407);
  EXPECT_EQ(tokenizer.context_length(), 77);
  EXPECT_EQ(tokenizer.encode("a photograph of an astronaut riding a horse"),
            (Ids{320, 8853, 539, 550, 18376, 6765, 320, 4558}));
}

TEST(ClipTokenizer, ReadsItsOwnSpecialTokensOnly) {
  const auto openai = ClipTokenizer::original(SpecialTokens::OpenAi);
  const auto open_clip = ClipTokenizer::original(SpecialTokens::OpenClip);
  EXPECT_EQ(openai.encode("<|EndOfText|>"), Ids{49407});
  EXPECT_EQ(open_clip.encode("a <end_of_text> b"), (Ids{320, 49407, 321}));
  EXPECT_GT(open_clip.encode("<|endoftext|>").size(), 1u);
  EXPECT_GT(openai.encode("<end_of_text>").size(), 1u);
}

TEST(ClipTokenizer, PadsAndCutsKeepingTheEnd) {
  const auto tokenizer = ClipTokenizer::original(SpecialTokens::OpenClip);
  EXPECT_EQ(tokenizer.encode_padded("cat", 5), (Ids{49406, 2368, 49407, 0, 0}));
  EXPECT_EQ(tokenizer.encode_padded("cat", 5, tokenizer.eos()),
            (Ids{49406, 2368, 49407, 49407, 49407}));
  EXPECT_EQ(tokenizer.encode_padded("cat cat cat cat", 4), (Ids{49406, 2368, 2368, 49407}));
  EXPECT_EQ(tokenizer.encode_padded("", 3), (Ids{49406, 49407, 0}));
}

TEST(ClipTokenizer, DecodesWhatItEncoded) {
  const auto tokenizer = ClipTokenizer::original(SpecialTokens::OpenAi);
  for (const char* text : {"a large red circle", "naïve 中文 😀", "x"}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode_padded(text, 77)), text);
  }
  EXPECT_THROW(tokenizer.decode(Ids{-1}), Error);
  EXPECT_THROW(tokenizer.decode(Ids{49408}), Error);
}

TEST(BpeTrainer, LearnsWholeWordsAndRoundTrips) {
  const std::vector<std::string> captions{"a large red circle", "a small red square",
                                          "a red circle left of a blue square"};
  const auto merges = train_bpe(captions, 512 + 40 + 2);
  const auto tokenizer = ClipTokenizer::from_text(tokenizer_file(merges, 16), "test");
  EXPECT_EQ(tokenizer.context_length(), 16);
  EXPECT_EQ(tokenizer.eos(), tokenizer.bos() + 1);
  EXPECT_EQ(tokenizer.vocabulary(), 512 + static_cast<int>(merges.size()) + 2);
  EXPECT_EQ(tokenizer.encode("red square").size(), 2u);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("an UNSEEN word ünseen")), "an unseen word ünseen");
}

TEST(BpeTrainer, MergesTheMostFrequentPairFirstAndStopsInTime) {
  const std::vector<std::string> captions{"ab ab ab cd cd xy"};
  EXPECT_EQ(train_bpe(captions, 514), std::vector<Merge>{});
  EXPECT_EQ(train_bpe(captions, 515), (std::vector<Merge>{{"a", "b</w>"}}));
  EXPECT_EQ(train_bpe(captions, 600), (std::vector<Merge>{{"a", "b</w>"}, {"c", "d</w>"}}));
  EXPECT_THROW(train_bpe(captions, 500), Error);
}

TEST(TokenizerFile, ForeignOnesAreRefusedInOneLine) {
  for (const char* text :
       {"", "[]", "{}", R"({"context_length": 16})", R"({"context_length": 1, "merges": []})",
        R"({"context_length": 16, "merges": [1]})", R"({"context_length": 16, "merges": ["ab"]})",
        R"({"context_length": 16, "merges": ["a b c"]})",
        R"({"context_length": 16, "merges": ["ab c"]})"}) {
    try {
      ClipTokenizer::from_text(text, "file.json");
      ADD_FAILURE() << "accepted " << text;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Corrupt) << text;
      EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace sfumato
