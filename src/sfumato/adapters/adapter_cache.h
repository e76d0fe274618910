#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "sfumato/adapters/adapter.h"

namespace sfumato {

/// Reads every adapter file once as long as somebody uses it, so that asking for the same file
/// again gives the same object and MergedAdapters sees that nothing changed. A file that was
/// written anew is read anew. Not for several threads.
class AdapterCache {
 public:
  std::shared_ptr<const Adapter> get(const std::filesystem::path& path);

 private:
  struct Entry {
    std::uintmax_t size;
    std::filesystem::file_time_type time;
    std::weak_ptr<const Adapter> adapter;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace sfumato
