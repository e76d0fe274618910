#include "sfumato/checkpoint/safetensors.h"

#include "../target.h"
#include "../touch.h"

namespace sfumato::fuzz {
namespace {

void read_safetensors(std::string_view bytes) { touch(parse_safetensors(bytes, "input")); }

}  // namespace

const Target safetensors{.name = "safetensors", .read = read_safetensors};

}  // namespace sfumato::fuzz
