#include "../target.h"
#include "sfumato/hub/repository.h"

namespace sfumato::fuzz {
namespace {

void read_hub_listing(std::string_view bytes) { parse_listing(bytes, "input"); }

}  // namespace

const Target hub_listing{.name = "hub_listing", .read = read_hub_listing};

}  // namespace sfumato::fuzz
