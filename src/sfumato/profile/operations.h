#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sfumato {

/// What one kind of operation took, by itself, without the operations it calls.
struct OperationCost {
  std::string name = {};   ///< LibTorch's "aten::add", or one of ours: "sfumato::linear"
  std::string shape = {};  ///< of ours: "4096x320x2560"; "" where it says nothing
  std::int64_t calls = 0;
  double seconds = 0.0;
  double flop = 0.0;   ///< of products: a multiplication and an addition are two
  double bytes = 0.0;  ///< of the tensors read and written
};

/// Runs `work` and times every operation of LibTorch and of ours that this thread calls within it,
/// those that take longest first.
std::vector<OperationCost> time_operations(const std::function<void()>& work);
/// Of all of them together.
double flop(const std::vector<OperationCost>& operations);

}  // namespace sfumato
