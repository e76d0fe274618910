#include "checkpoint_source.h"

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/diffusers_folder.h"
#include "sfumato/checkpoint/safetensors_shards.h"
#include "sfumato/family/detect.h"
#include "sfumato/family/family.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

TensorIndex index_of(const TensorMap& tensors) {
  TensorIndex index;
  for (const auto& [name, tensor] : tensors) {
    index[name] = {std::string(c10::toString(tensor.scalar_type())), tensor.sizes().vec()};
  }
  return index;
}

/// The program's own folders hold one file, or a list of shards.
fs::path weights_in(const fs::path& folder) {
  const fs::path shards = folder / "model.safetensors.index.json";
  return fs::exists(shards) ? shards : folder / "model.safetensors";
}

}  // namespace

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

ModelConfig family_of(const fs::path& path, const std::string& family,
                      const Checkpoint& checkpoint) {
  if (family.ends_with(".toml")) return read_family(family);
  if (!family.empty()) return find_family(family);
  if (fs::exists(path / "family.toml")) return read_family(path / "family.toml");
  return detect_family(index_of(checkpoint.tensors), path.string(),
                       stated_prediction(checkpoint.metadata));
}

std::optional<ModelConfig> family_if_known(const fs::path& path, const std::string& family,
                                           const Checkpoint& checkpoint) {
  try {
    return family_of(path, family, checkpoint);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Unsupported) throw;
    return std::nullopt;
  }
}

}  // namespace sfumato::cli
