#include "sfumato/checkpoint/gguf.h"

#include "../memory_file.h"
#include "../target.h"
#include "../touch.h"

namespace sfumato::fuzz {
namespace {

void read_gguf(std::string_view bytes) {
  const MemoryFile file(bytes);
  touch(load_gguf(file.path()));
}

}  // namespace

const Target gguf{.name = "gguf", .read = read_gguf};

}  // namespace sfumato::fuzz
