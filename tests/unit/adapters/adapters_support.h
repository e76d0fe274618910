#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <initializer_list>
#include <string>

#include "sfumato/adapters/adapter.h"
#include "unit/family/tiny_models.h"

namespace sfumato {

/// Numbers that differ from each other, the same on every run.
inline at::Tensor wave(std::initializer_list<std::int64_t> shape, double seed = 1.0) {
  std::int64_t count = 1;
  for (const auto size : shape) count *= size;
  return at::arange(count, at::kFloat).add(seed).mul(seed).sin().reshape(shape);
}

/// A module with the given parts, named as the file of a test would.
inline AdapterModule module_of(const TensorMap& parts) {
  AdapterModule module{"layer", {}};
  for (const auto& [part, tensor] : parts) module.parts[part] = {"layer." + part, tensor};
  return module;
}

}  // namespace sfumato
