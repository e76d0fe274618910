#include "../target.h"
#include "sfumato/text/prompt_attention.h"

namespace sfumato::fuzz {
namespace {

void read_attention(std::string_view bytes) { parse_attention(bytes); }

}  // namespace

const Target attention{.name = "attention", .read = read_attention};

}  // namespace sfumato::fuzz
