#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <functional>

namespace sfumato {

/// Walks over `count` tensors that are updated alike, calling update(first, last), without
/// autograd. On a GPU that is one call, for few kernel launches. On a CPU it is a call for every
/// tensor, on all threads: the passes over one tensor then find it in the caches.
void for_each_group(at::Device device, std::size_t count,
                    const std::function<void(std::size_t first, std::size_t last)>& update);

}  // namespace sfumato
