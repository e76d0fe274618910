#include <string>

#include "../target.h"
#include "sfumato/checkpoint/zip_archive.h"

namespace sfumato::fuzz {
namespace {

void read_zip(std::string_view bytes) {
  for (const auto& [name, entry] : read_zip_index(bytes, "input")) {
    read_zip_entry(bytes, entry, name);
  }
}

}  // namespace

const Target zip{.name = "zip", .read = read_zip};

}  // namespace sfumato::fuzz
