#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "sfumato/base/files.h"
#include "target.h"

namespace {

namespace fs = std::filesystem;
namespace fuzz = sfumato::fuzz;

const std::array kTargets{
    &fuzz::attention,
    &fuzz::checkpoint,
    &fuzz::composition,
    &fuzz::diffusers_config,
    &fuzz::diffusers_folder,
    &fuzz::embedding_json,
    &fuzz::embedding_picture,
    &fuzz::family,
    &fuzz::gguf,
    &fuzz::hub_listing,
    &fuzz::infotext,
    &fuzz::output_name,
    &fuzz::pickle,
    &fuzz::picture,
    &fuzz::picture_text,
    &fuzz::plot_axis,
    &fuzz::recipe,
    &fuzz::request_json,
    &fuzz::safetensors,
    &fuzz::schedule,
    &fuzz::shards,
    &fuzz::styles,
    &fuzz::toml,
    &fuzz::tokenizer,
    &fuzz::tokens,
    &fuzz::torch_file,
    &fuzz::web_dataset,
    &fuzz::wildcards,
    &fuzz::zip,
};

std::vector<fs::path> sorted(const fs::path& folder) {
  std::vector<fs::path> entries{fs::directory_iterator(folder), fs::directory_iterator()};
  std::sort(entries.begin(), entries.end());
  return entries;
}

const fuzz::Target& target_of(const fs::path& folder) {
  const auto found = std::find_if(kTargets.begin(), kTargets.end(), [&](const auto* target) {
    return target->name == folder.filename().string();
  });
  if (found == kTargets.end()) throw std::runtime_error(folder.string() + ": no such target");
  return **found;
}

/// In memory of exactly the file's size, so that a sanitizer notices one byte too many.
void replay_file(const fuzz::Target& target, const fs::path& file) {
  const std::string text = sfumato::read_file(file);
  const std::vector<char> bytes(text.begin(), text.end());
  fuzz::feed(target, {bytes.data(), bytes.size()});
}

}  // namespace

/// Feeds every file of the corpus to the target its folder names: fuzz_replay CORPUS
int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_replay CORPUS\n";
    return 2;
  }
  std::size_t files = 0, failed = 0;
  const auto folders = sorted(argv[1]);
  for (const auto& folder : folders) {
    const fuzz::Target& target = target_of(folder);
    for (const auto& file : sorted(folder)) {
      std::cerr << file.string() << std::endl;  // the last one named is the one that crashed
      ++files;
      try {
        replay_file(target, file);
      } catch (const std::exception& e) {
        ++failed;
        std::cout << file.string() << ": " << e.what() << '\n';
      }
    }
  }
  if (folders.size() != kTargets.size()) {
    std::cout << "a target has no folder in the corpus\n";
    return 1;
  }
  std::cout << files << " files, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}
