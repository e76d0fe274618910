#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// A tensor that stands for values which are elsewhere or still to come: it has their sizes, device
/// and type but no memory, and every value of it is NaN (0 in integers).
at::Tensor hollow(at::IntArrayRef sizes, const at::TensorOptions& options);

/// Zeroed bytes of the CPU in pages of their own, huge ones where they help: for what is large and
/// stays long, as weights do. They go back to the system with the tensor.
at::Tensor paged_bytes(std::size_t count);

}  // namespace sfumato
