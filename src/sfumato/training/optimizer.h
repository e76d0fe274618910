#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// Improves named parameters by their gradients. Its whole state is the number of steps taken and
/// slots of tensors shaped like the parameters ("exp_avg"), which begin as zeros.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  void zero_grad();
  /// One update from the gradients present; parameters without one are left alone.
  void step(double learning_rate);

  const TensorMap& parameters() const { return parameters_; }
  std::int64_t steps() const { return steps_; }

  /// "SLOT.NAME" of every slot and parameter, sharing storage with the optimizer.
  TensorMap state() const;
  /// Throws Corrupt when a tensor is missing or has another shape.
  void restore(const TensorMap& state, std::int64_t steps);

 protected:
  /// The tensors are the parameters themselves (shared storage), changed in place by step().
  Optimizer(TensorMap parameters, const std::vector<std::string>& slots);

  /// Parameters that are updated together; every list has an entry for each.
  struct Group {
    std::vector<at::Tensor> parameters, gradients;
    std::vector<std::vector<at::Tensor>> slots;  ///< in the order of the constructor's
  };
  /// Runs without autograd, for several groups at once. steps() counts the step already.
  virtual void update(const Group& group, double learning_rate) const = 0;

 private:
  TensorMap parameters_;
  std::vector<std::pair<std::string, TensorMap>> slots_;
  std::int64_t steps_ = 0;
};

/// Scales all gradients together so that their joint L2 norm is at most max_norm (0: never).
/// Returns the norm before, as a 0-d tensor (no device synchronisation).
at::Tensor clip_gradients(const TensorMap& parameters, double max_norm);

}  // namespace sfumato
