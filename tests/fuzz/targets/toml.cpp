#include "sfumato/base/toml.h"

#include <string>

#include "../target.h"

namespace sfumato::fuzz {
namespace {

/// Asks every key for one type and another, for most are wrong.
void read_toml(std::string_view bytes) {
  TomlTable table = TomlTable::parse(bytes, "input");
  for (const auto& key : table.keys()) {
    std::string text;
    std::vector<double> numbers;
    if (auto inner = table.table(key)) inner->get(key, numbers);
    table.get(key, text);
  }
  table.finish();
}

}  // namespace

const Target toml{.name = "toml", .read = read_toml};

}  // namespace sfumato::fuzz
