#include "sfumato/tensor/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace sfumato {
namespace {

#if TORCH_VERSION_MAJOR >= 2
void set_enabled(at::Device device, bool enabled, at::ScalarType dtype) {
  at::autocast::set_autocast_enabled(device.type(), enabled);
  at::autocast::set_autocast_dtype(device.type(), dtype);
}
#else
void set_enabled(at::Device device, bool enabled, at::ScalarType dtype) {
  if (device.is_cuda()) {
    at::autocast::set_enabled(enabled);
    at::autocast::set_autocast_gpu_dtype(dtype);
  } else {
    at::autocast::set_cpu_enabled(enabled);
    at::autocast::set_autocast_cpu_dtype(dtype);
  }
}
#endif

}  // namespace

Autocast::Autocast(at::Device device, at::ScalarType dtype)
    : device_(device), active_(dtype != at::kFloat) {
  if (!active_) return;
  at::autocast::increment_nesting();
  set_enabled(device_, true, dtype);
}

Autocast::~Autocast() {
  if (!active_) return;
  set_enabled(device_, false, at::kBFloat16);
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
}

}  // namespace sfumato
