#pragma once

#include <cstdint>
#include <functional>

namespace sfumato {

/// Calls body(first, last) on parts of [begin, end) of at least `grain`, each on a thread of
/// LibTorch's pool. Within body everything is single-threaded, LibTorch's operators included; calls
/// from within a body run where they are. An exception of a body is rethrown here.
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain,
                  const std::function<void(std::int64_t first, std::int64_t last)>& body);

}  // namespace sfumato
