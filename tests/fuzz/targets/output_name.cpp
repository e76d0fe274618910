#include "sfumato/request/output_name.h"

#include <algorithm>
#include <filesystem>

#include "../target.h"

namespace sfumato::fuzz {
namespace {

/// The first line is the pattern, the rest a prompt from elsewhere, which must not choose folders.
void read_output_name(std::string_view bytes) {
  const auto end = std::min(bytes.find('\n'), bytes.size());
  NameFacts facts;
  facts.prompt = facts.model_name = bytes.substr(std::min(end + 1, bytes.size()));
  const std::filesystem::path name = sfumato::output_name(bytes.substr(0, end), facts);
  if (name.is_absolute()) __builtin_trap();
  for (const auto& part : name) {
    if (part == "..") __builtin_trap();
  }
}

}  // namespace

const Target output_name{.name = "output_name", .read = read_output_name};

}  // namespace sfumato::fuzz
