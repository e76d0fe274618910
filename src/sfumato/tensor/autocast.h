#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <optional>

namespace sfumato {

/// While it lives, matrix products and convolutions of this thread run in `dtype` (bfloat16 or
/// float16); everything else stays as it is. float32 changes nothing. What was in force before is
/// in force again afterwards. The one place that knows how LibTorch 1.13 and 2.x spell it.
class Autocast {
 public:
  Autocast(at::Device device, at::ScalarType dtype);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::Device device_;
  bool active_, was_enabled_ = false;
  at::ScalarType previous_dtype_ = at::kFloat;
};

/// What an Autocast that lives says for the device; nothing without one.
std::optional<at::ScalarType> autocast_dtype(at::Device device);

}  // namespace sfumato
