#pragma once

#include <cstdint>
#include <functional>

namespace sfumato {

/// Calls body(first, last) on parts of [begin, end) of at least `grain`, each on a thread of
/// LibTorch's pool. Within body everything is single-threaded, LibTorch's operators included; calls
/// from within a body run where they are. An exception of a body is rethrown here.
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain,
                  const std::function<void(std::int64_t first, std::int64_t last)>& body);

/// Lets everything here, LibTorch and oneDNN use so many threads; 0: one per core that this process
/// may use, as its affinity and its control group say. Without it Debian's LibTorch uses one.
void use_threads(int count);

/// How many threads a call of parallel_for, or of oneDNN, made here would use.
int threads_here();

}  // namespace sfumato
