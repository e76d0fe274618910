#include "../target.h"
#include "sfumato/text/clip_tokenizer.h"

namespace sfumato::fuzz {
namespace {

void read_tokenizer(std::string_view bytes) {
  const ClipTokenizer tokenizer = ClipTokenizer::from_text(bytes, "input");
  tokenizer.encode_padded("a cat", tokenizer.context_length());
}

}  // namespace

const Target tokenizer{.name = "tokenizer", .read = read_tokenizer};

}  // namespace sfumato::fuzz
