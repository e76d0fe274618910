#include "../target.h"
#include "sfumato/text/prompt_styles.h"

namespace sfumato::fuzz {
namespace {

void read_styles_file(std::string_view bytes) {
  const auto styles = read_styles(bytes, "input");
  std::vector<std::string> names;
  for (const auto& style : styles) names.push_back(style.name);
  const PromptPair pair = apply_styles({"a cat", "blurry"}, names, styles);
  extract_styles(pair, styles);
}

}  // namespace

const Target styles{.name = "styles", .read = read_styles_file};

}  // namespace sfumato::fuzz
