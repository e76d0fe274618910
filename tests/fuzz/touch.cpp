#include "touch.h"

#include <ATen/ATen.h>

namespace sfumato::fuzz {

void touch(const TensorMap& tensors) {
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor dense = tensor.contiguous();
    const volatile char* bytes = static_cast<const char*>(dense.data_ptr());
    for (std::size_t i = 0; i < dense.nbytes(); ++i) static_cast<void>(bytes[i]);
  }
}

}  // namespace sfumato::fuzz
