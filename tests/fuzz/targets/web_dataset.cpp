#include "sfumato/data/web_dataset.h"

#include "../memory_file.h"
#include "../target.h"

namespace sfumato::fuzz {
namespace {

void read_shard(std::string_view bytes) {
  const MemoryFile file(bytes);
  const auto reader = read_web_dataset({file.path()});
  Sample sample;
  while (reader->next(sample)) {
  }
}

}  // namespace

const Target web_dataset{.name = "web_dataset", .read = read_shard};

}  // namespace sfumato::fuzz
