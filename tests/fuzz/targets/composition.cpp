#include "../target.h"
#include "sfumato/text/extra_networks.h"
#include "sfumato/text/prompt_parts.h"

namespace sfumato::fuzz {
namespace {

/// AND, comments and <lora:...>.
void read_composition(std::string_view bytes) {
  const PromptWithNetworks parts = extract_networks(strip_comments(bytes));
  split_prompt(parts.prompt);
  lora_uses(parts.networks);
}

}  // namespace

const Target composition{.name = "composition", .read = read_composition};

}  // namespace sfumato::fuzz
