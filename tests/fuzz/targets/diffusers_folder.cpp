#include "sfumato/checkpoint/diffusers_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include "../target.h"
#include "../touch.h"

namespace sfumato::fuzz {
namespace {

namespace fs = std::filesystem;

/// A folder of this process with empty weights for every part.
const fs::path& pipeline_folder() {
  static const fs::path folder = [] {
    const fs::path made = fs::temp_directory_path() / ("sfumato-fuzz-" + std::to_string(getpid()));
    for (const char* part : {"unet", "vae", "text_encoder", "text_encoder_2", "scheduler"}) {
      fs::create_directories(made / part);
      std::ofstream(made / part / "model.safetensors", std::ios::binary)
          << std::string("\x02\0\0\0\0\0\0\0{}", 10);
    }
    std::atexit([] { fs::remove_all(pipeline_folder()); });
    return made;
  }();
  return folder;
}

/// The three texts that decide how a folder is read, each ended by a zero byte.
void read_folder(std::string_view bytes) {
  for (const char* name :
       {"model_index.json", "text_encoder/config.json", "scheduler/scheduler_config.json"}) {
    const auto end = std::min(bytes.find('\0'), bytes.size());
    std::ofstream(pipeline_folder() / name, std::ios::binary) << bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  Metadata metadata;
  touch(load_diffusers_folder(pipeline_folder(), &metadata));
}

}  // namespace

const Target diffusers_folder{.name = "diffusers_folder", .read = read_folder};

}  // namespace sfumato::fuzz
