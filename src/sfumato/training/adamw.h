#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/ArrayRef.h>

#include <cstdint>

#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

struct AdamWConfig {
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
  /// Spares gains, biases and other vectors, as GPT-2 and CLIP are trained.
  bool decay_matrices_only = false;
};

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2) over named parameters.
/// Its whole state is the two moments and the number of steps taken.
class AdamW {
 public:
  /// The tensors are the parameters themselves (shared storage), changed in place by step().
  AdamW(TensorMap parameters, const AdamWConfig& config);

  void zero_grad();
  /// One update from the gradients present; parameters without one are left alone.
  void step(double learning_rate);

  const TensorMap& parameters() const { return parameters_; }
  std::int64_t steps() const { return steps_; }

  /// "exp_avg.NAME" and "exp_avg_sq.NAME", sharing storage with the optimizer.
  TensorMap moments() const;
  void restore(const TensorMap& moments, std::int64_t steps);

 private:
  struct Updated {
    at::Tensor parameter, gradient, average, square;
  };
  void update(at::ArrayRef<Updated> group, double learning_rate) const;

  TensorMap parameters_, exp_avg_, exp_avg_sq_;
  AdamWConfig config_;
  std::int64_t steps_ = 0;
};

/// Scales all gradients together so that their joint L2 norm is at most max_norm (0: never).
/// Returns the norm before, as a 0-d tensor (no device synchronisation).
at::Tensor clip_gradients(const TensorMap& parameters, double max_norm);

}  // namespace sfumato
