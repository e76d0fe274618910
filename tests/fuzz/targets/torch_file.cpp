#include "sfumato/checkpoint/torch_file.h"

#include "../memory_file.h"
#include "../target.h"
#include "../touch.h"

namespace sfumato::fuzz {
namespace {

void read_torch_file(std::string_view bytes) {
  const MemoryFile file(bytes);
  touch(load_torch_file(file.path()).tensors);
}

}  // namespace

const Target torch_file{.name = "torch_file", .read = read_torch_file};

}  // namespace sfumato::fuzz
