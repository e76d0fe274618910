#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "sfumato/text/clip_tokenizer.h"
#include "sfumato/text/prompt_attention.h"

namespace sfumato {

/// A word of textual inversion: where a prompt says its name, `count` vectors of its own stand.
struct LearnedName {
  std::vector<int> ids;  ///< the tokens of its name
  int count;
};

struct ChunkOptions {
  Emphasis emphasis = Emphasis::Original;
  int length = 75;           ///< words' tokens per chunk; the encoder's positions less BOS and EOS
  int comma_backtrack = 20;  ///< how far a full chunk may be cut back to its last comma; 0: never
  std::span<const LearnedName> words = {};  ///< of names that begin alike the longest counts
};

/// What the encoder sees at once: BOS, `length` tokens, EOS, filled up with EOS.
struct PromptChunk {
  std::vector<int> ids;
  std::vector<double> multipliers;  ///< one per id; 1 for BOS, EOS and filling

  struct Word {
    std::size_t index;     ///< into ChunkOptions::words
    std::size_t position;  ///< of its first vector in ids, which hold 0 there
  };
  std::vector<Word> words;
};

struct ChunkedPrompt {
  std::vector<PromptChunk> chunks;  ///< at least one
  int token_count = 0;              ///< without BOS, EOS and the last chunk's filling
};

/// Cuts a prompt of any length into chunks: every stretch of parse_attention() is tokenized on its
/// own, BREAK ends a chunk, and a chunk that is full in the middle of a phrase is cut after its
/// last comma. A learned word is never torn apart. Throws InvalidArgument for more than 256 chunks
/// and for a learned word that is longer than one.
/// Source: Forge, backend/text_processing/classic_engine.py (A1111: modules/sd_hijack_clip.py).
ChunkedPrompt chunk_prompt(const ClipTokenizer& tokenizer, std::string_view prompt,
                           const ChunkOptions& options);

/// The chunk of an empty prompt, which also fills up the shorter of two prompts.
PromptChunk empty_chunk(const ClipTokenizer& tokenizer, int length);

/// A chunk's ids for an encoder that was trained with another filling than EOS: everything behind
/// the first EOS becomes `pad`.
std::vector<int> padded_with(std::vector<int> ids, int eos, int pad);

}  // namespace sfumato
