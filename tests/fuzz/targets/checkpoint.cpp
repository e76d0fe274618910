#include "../memory_file.h"
#include "../target.h"
#include "../touch.h"
#include "sfumato/checkpoint/open_checkpoint.h"

namespace sfumato::fuzz {
namespace {

/// Any format: the reader is chosen by the content.
void read_checkpoint(std::string_view bytes) {
  const MemoryFile file(bytes);
  touch(open_checkpoint(file.path()).tensors);
}

}  // namespace

const Target checkpoint{.name = "checkpoint", .read = read_checkpoint};

}  // namespace sfumato::fuzz
