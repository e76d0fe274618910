#include "sfumato/adapters/adapter_cache.h"

#include <system_error>

namespace sfumato {

std::shared_ptr<const Adapter> AdapterCache::get(const std::filesystem::path& path) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(path, failure);
  const auto time = std::filesystem::last_write_time(path, failure);
  const auto known = entries_.find(path.string());
  if (known != entries_.end() && known->second.size == size && known->second.time == time) {
    if (auto adapter = known->second.adapter.lock()) return adapter;
  }
  // Whether the file can be read at all, its reader says better than file_size().
  const auto adapter = std::make_shared<const Adapter>(read_adapter(path));
  entries_[path.string()] = {size, time, adapter};
  return adapter;
}

}  // namespace sfumato
