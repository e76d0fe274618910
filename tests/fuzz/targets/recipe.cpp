#include "sfumato/training/recipe.h"

#include "../target.h"

namespace sfumato::fuzz {
namespace {

void read_recipe_file(std::string_view bytes) { parse_recipe(TomlTable::parse(bytes, "input")); }

}  // namespace

const Target recipe{.name = "recipe", .read = read_recipe_file};

}  // namespace sfumato::fuzz
