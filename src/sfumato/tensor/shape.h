#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <string>

namespace sfumato {

/// "[2, 4, 8, 8]"
std::string shape_string(at::IntArrayRef shape);

/// Throws InvalidArgument "NAME: expected [2, 4, *, *], found [...]" unless the shape matches;
/// -1 stands for any size.
void expect_shape(const at::Tensor& tensor, std::initializer_list<int64_t> shape, const char* name);

}  // namespace sfumato
