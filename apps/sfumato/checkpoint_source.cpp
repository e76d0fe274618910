#include "checkpoint_source.h"

#include <cstdlib>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/diffusers_folder.h"
#include "sfumato/checkpoint/safetensors_shards.h"
#include "sfumato/family/family.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

/// The program's own folders hold one file, or a list of shards.
fs::path weights_in(const fs::path& folder) {
  const fs::path shards = folder / "model.safetensors.index.json";
  return fs::exists(shards) ? shards : folder / "model.safetensors";
}

FamilyChoice open_choice(const fs::path& path, const std::string& family,
                         const Checkpoint& checkpoint) {
  if (family.empty() && fs::exists(path / "family.toml")) {
    return {.config = read_family(path / "family.toml"), .file = path.string()};
  }
  return choose_family(checkpoint.tensors, checkpoint.metadata, path, family, std::nullopt);
}

}  // namespace

fs::path hash_cache() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path(value ? value : "");
  };
  fs::path cache = set("XDG_CACHE_HOME");
  if (cache.is_relative()) cache = set("HOME").empty() ? fs::path() : set("HOME") / ".cache";
  return cache.empty() ? cache : cache / "sfumato" / "hashes.json";
}

Checkpoint read_checkpoint(const fs::path& path) {
  if (!fs::is_directory(path) || is_diffusers_folder(path)) return open_checkpoint(path);
  return open_checkpoint(weights_in(path));
}

std::optional<fs::path> single_weights_file(const fs::path& path) {
  if (fs::is_directory(path) && is_diffusers_folder(path)) return std::nullopt;
  const fs::path file = fs::is_directory(path) ? weights_in(path) : path;
  if (is_shard_list(file)) return std::nullopt;
  return file;
}

FamilyChoice family_of(const fs::path& path, const std::string& family,
                       const Checkpoint& checkpoint) {
  return settle_family(open_choice(path, family, checkpoint), checkpoint.tensors);
}

std::optional<ModelConfig> family_if_known(const fs::path& path, const std::string& family,
                                           const Checkpoint& checkpoint) {
  try {
    const FamilyChoice choice = open_choice(path, family, checkpoint);
    return choice.twins.empty() ? std::optional(choice.config) : std::nullopt;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Unsupported) throw;
    return std::nullopt;
  }
}

}  // namespace sfumato::cli
