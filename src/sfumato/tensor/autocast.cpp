#include "sfumato/tensor/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace sfumato {
namespace {

#if TORCH_VERSION_MAJOR >= 2
bool enabled(at::Device device) { return at::autocast::is_autocast_enabled(device.type()); }

at::ScalarType dtype_of(at::Device device) {
  return at::autocast::get_autocast_dtype(device.type());
}

void set_enabled(at::Device device, bool enabled, at::ScalarType dtype) {
  at::autocast::set_autocast_enabled(device.type(), enabled);
  at::autocast::set_autocast_dtype(device.type(), dtype);
}
#else
bool enabled(at::Device device) {
  return device.is_cuda() ? at::autocast::is_enabled() : at::autocast::is_cpu_enabled();
}

at::ScalarType dtype_of(at::Device device) {
  return device.is_cuda() ? at::autocast::get_autocast_gpu_dtype()
                          : at::autocast::get_autocast_cpu_dtype();
}

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
  was_enabled_ = enabled(device_);
  previous_dtype_ = dtype_of(device_);
  at::autocast::increment_nesting();
  set_enabled(device_, true, dtype);
}

Autocast::~Autocast() {
  if (!active_) return;
  set_enabled(device_, was_enabled_, previous_dtype_);
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
}

std::optional<at::ScalarType> autocast_dtype(at::Device device) {
  return enabled(device) ? std::optional(dtype_of(device)) : std::nullopt;
}

}  // namespace sfumato
