#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sfumato/adapters/adapter.h"

namespace sfumato {

// Shared by the files that implement the kinds of weight_change.h.

/// A tensor's shape with all dimensions but the first as one.
struct MatrixSize {
  std::int64_t rows, columns;
};
/// [n] is n rows of one column.
MatrixSize matrix_size(at::IntArrayRef shape);
MatrixSize matrix_size(const AdapterModule& module, const std::string& part);

/// The tensor with that shape.
at::Tensor as_matrix(const at::Tensor& tensor);

/// A change at strength 1, not yet scaled by alpha / rank. Rank 0: alpha does not apply.
struct UnscaledChange {
  at::Tensor change;  ///< float32, shaped like the weight
  std::int64_t rank = 0;
};

/// One way to write down a change.
struct ChangeKind {
  std::string_view name;
  std::string_view marker;                 ///< a module that has this part is of this kind
  std::array<std::string_view, 7> others;  ///< further parts it reads, then ""
  void (*expect_fit)(const AdapterModule& module, at::IntArrayRef weight);
  UnscaledChange (*change)(const AdapterModule& module, const at::Tensor& weight);
};

std::span<const ChangeKind> low_rank_kinds();
std::span<const ChangeKind> direct_kinds();

/// The part as a float32 matrix on the device of `weight`.
at::Tensor factor(const AdapterModule& module, const std::string& part, const at::Tensor& weight);

/// Throws Corrupt "module 'NAME': WHAT".
[[noreturn]] void misfit(const AdapterModule& module, const std::string& what);
/// Throws Corrupt, naming both sizes, unless a change of this size fits the weight.
void expect_size(const AdapterModule& module, MatrixSize made, at::IntArrayRef weight);

}  // namespace sfumato
