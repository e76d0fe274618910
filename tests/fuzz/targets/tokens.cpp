#include "../target.h"
#include "sfumato/text/clip_tokenizer.h"
#include "sfumato/text/prompt_chunks.h"

namespace sfumato::fuzz {
namespace {

/// From the prompt to CLIP's ids: repair, HTML references, words, pairs of bytes, chunks.
void read_tokens(std::string_view bytes) {
  static const ClipTokenizer tokenizer = ClipTokenizer::original(SpecialTokens::OpenAi);
  const ChunkedPrompt prompt = chunk_prompt(tokenizer, bytes, {});
  for (const auto& chunk : prompt.chunks) tokenizer.decode(chunk.ids);
}

}  // namespace

const Target tokens{.name = "tokens", .read = read_tokens};

}  // namespace sfumato::fuzz
