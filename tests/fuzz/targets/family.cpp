#include "sfumato/family/family.h"

#include "../target.h"

namespace sfumato::fuzz {
namespace {

void read_family_file(std::string_view bytes) { parse_family(bytes, "input"); }

}  // namespace

const Target family{.name = "family", .read = read_family_file};

}  // namespace sfumato::fuzz
