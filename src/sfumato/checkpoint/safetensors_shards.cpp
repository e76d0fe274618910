#include "sfumato/checkpoint/safetensors_shards.h"

#include <nlohmann/json.hpp>
#include <set>

#include "sfumato/base/files.h"

namespace sfumato {

bool is_shard_list(const std::filesystem::path& path) {
  return path.string().ends_with(".index.json");
}

ShardList read_shard_list(const std::filesystem::path& path) {
  const auto corrupt = [&](const std::string& what) {
    return Error(ErrorKind::Corrupt, path.string() + ": " + what);
  };
  const auto root = nlohmann::json::parse(read_file(path, 100'000'000), nullptr, false);
  if (!root.is_object() || !root.contains("weight_map") || !root["weight_map"].is_object()) {
    throw corrupt("not a list of safetensors shards (no weight_map)");
  }

  ShardList list;
  std::set<std::string> names;
  for (const auto& [tensor, file] : root["weight_map"].items()) {
    if (!file.is_string()) throw corrupt("the shard of '" + tensor + "' is not a file name");
    const std::string name = file;
    // Only a plain name: a list from elsewhere must not make us open other folders' files.
    if (name.empty() || name.find_first_of("/\\") != name.npos || name.starts_with(".") ||
        name.find('\0') != name.npos) {
      throw corrupt("the shard '" + name + "' is not a plain file name");
    }
    list.tensors.push_back(tensor);
    names.insert(name);
  }
  for (const auto& name : names) list.files.push_back(path.parent_path() / name);
  return list;
}

}  // namespace sfumato
