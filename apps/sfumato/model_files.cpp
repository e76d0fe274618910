#include "model_files.h"

#include <algorithm>
#include <array>
#include <vector>

#include "checkpoint_source.h"
#include "sfumato/checkpoint/file_hash.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::array<const char*, 5> kWeightEndings{".safetensors", ".ckpt", ".gguf", ".pt",
                                                    ".pth"};
constexpr std::size_t kShortestHash = 8;

std::optional<fs::path> find_by_name(const fs::path& folder, const std::string& name) {
  if (fs::exists(folder / name)) return folder / name;
  for (const char* ending : kWeightEndings) {
    const fs::path path = folder / (name + ending);
    if (fs::exists(path)) return path;
  }
  return std::nullopt;
}

bool has_weights(const fs::path& path) {
  if (fs::is_directory(path)) return fs::exists(path / "model.safetensors");
  return std::any_of(kWeightEndings.begin(), kWeightEndings.end(),
                     [&](const char* ending) { return path.extension() == ending; });
}

std::optional<fs::path> find_by_hash(const fs::path& folder, const std::string& hash) {
  if (!fs::is_directory(folder)) return std::nullopt;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  for (const auto& path : entries) {
    if (!has_weights(path)) continue;
    const auto file = single_weights_file(path);
    if (file && file_sha256(*file, hash_cache()).starts_with(hash)) return path;
  }
  return std::nullopt;
}

/// "NAME [0123456789]" as its two parts; the second is empty for other names.
struct WeightsTitle {
  std::string name, hash;
};

WeightsTitle split_title(const std::string& text) {
  const auto bracket = text.rfind(" [");
  if (bracket == text.npos || !text.ends_with(']')) return {text, ""};
  return {text.substr(0, bracket), text.substr(bracket + 2, text.size() - bracket - 3)};
}

bool is_hash(const std::string& text) {
  return text.size() >= kShortestHash && text.size() <= 64 &&
         text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

std::optional<fs::path> find_weights(const fs::path& models, const std::string& kind,
                                     const std::string& name) {
  const WeightsTitle title = split_title(name);
  for (const fs::path& folder : {models / kind, models}) {
    if (auto found = find_by_name(folder, title.name)) return found;
  }
  const std::string& hash = title.hash.empty() ? name : title.hash;
  if (!is_hash(hash)) return std::nullopt;
  for (const fs::path& folder : {models / kind, models}) {
    if (auto found = find_by_hash(folder, hash)) return found;
  }
  return std::nullopt;
}

}  // namespace sfumato::cli
