#include "sfumato/training/tensor_groups.h"

#include <ATen/ATen.h>

#include "sfumato/tensor/parallel.h"

namespace sfumato {

void for_each_group(at::Device device, std::size_t count,
                    const std::function<void(std::size_t, std::size_t)>& update) {
  const at::NoGradGuard no_grad;
  if (!device.is_cpu()) return update(0, count);
  parallel_for(0, static_cast<std::int64_t>(count), 1, [&](std::int64_t first, std::int64_t last) {
    const at::NoGradGuard no_grad_in_this_thread;
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
      update(i, i + 1);
    }
  });
}

}  // namespace sfumato
