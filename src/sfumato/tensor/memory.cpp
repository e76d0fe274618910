#include "sfumato/tensor/memory.h"

#include <c10/util/Exception.h>
#include <malloc.h>
#include <sys/resource.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <new>
#include <string_view>
#include <utility>

#include "sfumato/base/error.h"

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 11)
#include <c10/core/CachingDeviceAllocator.h>
#define SFUMATO_DEVICE_MEMORY 1
#endif

// Of tcmalloc (docs/adr/0007-heap.md), where the program is linked with it.
extern "C" __attribute__((weak)) int MallocExtension_GetNumericProperty(const char* property,
                                                                        std::size_t* value);
extern "C" __attribute__((weak)) void MallocExtension_ReleaseFreeMemory();

namespace sfumato {
namespace {

using Bytes = std::optional<std::uint64_t>;

/// The number behind a word at the beginning of a line, "MemAvailable:  123 kB".
Bytes number_in(const std::string& path, std::string_view word) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(word)) continue;
    try {
      return std::stoull(line.substr(word.size()));
    } catch (const std::exception&) {
      return std::nullopt;  // "max"
    }
  }
  return std::nullopt;
}

Bytes system_memory() {
  const Bytes kib = number_in("/proc/meminfo", "MemAvailable:");
  return kib ? Bytes(*kib * 1024) : std::nullopt;
}

/// What the control group that a container shows as its own still allows. Pages of files count as
/// used there but give way.
Bytes group_memory() {
  struct Group {
    const char *limit, *used, *statistics, *file_pages;
  };
  constexpr std::array kGroups{Group{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current",
                                     "/sys/fs/cgroup/memory.stat", "file "},
                               Group{"/sys/fs/cgroup/memory/memory.limit_in_bytes",
                                     "/sys/fs/cgroup/memory/memory.usage_in_bytes",
                                     "/sys/fs/cgroup/memory/memory.stat", "total_cache "}};
  for (const auto& group : kGroups) {
    const Bytes limit = number_in(group.limit, ""), used = number_in(group.used, "");
    if (!limit || !used) continue;
    const std::uint64_t pages = number_in(group.statistics, group.file_pages).value_or(0);
    const std::uint64_t kept = *used - std::min(pages, *used);
    return *limit - std::min(kept, *limit);
  }
  return std::nullopt;
}

/// What `ulimit -v` leaves.
Bytes own_limit() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  const Bytes pages = number_in("/proc/self/statm", "");
  if (!pages) return std::nullopt;
  const std::uint64_t used = *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return limit.rlim_cur - std::min<std::uint64_t>(used, limit.rlim_cur);
}

/// What the process has taken from the system and does not use.
std::uint64_t unused_heap() {
  std::size_t bytes = 0;
  if (MallocExtension_GetNumericProperty) {
    MallocExtension_GetNumericProperty("tcmalloc.pageheap_free_bytes", &bytes);
    return bytes;
  }
  return ::mallinfo2().fordblks;
}

Bytes device_memory(at::Device device) {
#ifdef SFUMATO_DEVICE_MEMORY
  auto* allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (!allocator || !allocator->initialized()) return std::nullopt;
  const auto index = std::max<c10::DeviceIndex>(device.index(), 0);
  const auto statistics = allocator->getDeviceStats(index);
  const auto whole = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  const auto unused =
      statistics.reserved_bytes[whole].current - statistics.allocated_bytes[whole].current;
  return allocator->getMemoryInfo(index).first +
         static_cast<std::uint64_t>(std::max<std::int64_t>(unused, 0));
#else
  static_cast<void>(device);
  return std::nullopt;
#endif
}

}  // namespace

std::optional<std::uint64_t> free_memory(at::Device device) {
  if (!device.is_cpu()) return device_memory(device);
  Bytes least;
  for (const Bytes& some : {system_memory(), group_memory(), own_limit()}) {
    if (some && (!least || *some < *least)) least = some;
  }
  return least ? Bytes(*least + unused_heap()) : std::nullopt;
}

void release_unused_memory() {
  if (MallocExtension_ReleaseFreeMemory) MallocExtension_ReleaseFreeMemory();
}

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error)) return true;
  if (dynamic_cast<const Error*>(&error)) return false;
  // LibTorch 1.13 has no kind of its own for it.
  const auto* torch = dynamic_cast<const c10::Error*>(&error);
  const std::string what = torch ? torch->what_without_backtrace() : error.what();
  return what.find("out of memory") != what.npos || what.find("can't allocate memory") != what.npos;
}

std::string in_gib(std::uint64_t bytes) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f GiB",
                static_cast<double>(bytes) / static_cast<double>(1ull << 30));
  return text.data();
}

}  // namespace sfumato
