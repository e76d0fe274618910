#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sfumato/base/error.h"

namespace sfumato {

/// The Hugging Face layout of one checkpoint in several files: NAME.safetensors.index.json with
/// `weight_map` from tensor name to the file beside it that holds the tensor.
struct ShardList {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> tensors;
};

bool is_shard_list(const std::filesystem::path& path);

/// Throws Corrupt when the list is malformed or names a file outside of its own folder.
ShardList read_shard_list(const std::filesystem::path& path);

/// Throws Corrupt when a tensor of the list was in none of the files.
template <class Map>
void expect_complete(const ShardList& shards, const Map& found, const std::filesystem::path& path) {
  for (const auto& name : shards.tensors) {
    if (!found.contains(name)) {
      throw Error(ErrorKind::Corrupt, path.string() + ": tensor '" + name + "' is in no shard");
    }
  }
}

}  // namespace sfumato
