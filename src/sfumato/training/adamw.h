#pragma once

#include <cstdint>

#include "sfumato/training/optimizer.h"

namespace sfumato {

struct AdamWConfig {
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
  /// False: Adam, whose decay is part of the gradient and is scaled with it.
  bool decoupled_decay = true;
  /// Spares gains, biases and other vectors, as GPT-2 and CLIP are trained.
  bool decay_matrices_only = false;
  /// Divides by the largest second moment so far (Reddi et al. 2018, algorithm 2).
  bool amsgrad = false;
};

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2) over named parameters.
/// Its slots are "exp_avg", "exp_avg_sq" and, with AMSGrad, "max_exp_avg_sq".
class AdamW : public Optimizer {
 public:
  AdamW(TensorMap parameters, const AdamWConfig& config);

 private:
  void update(const Group& group, double learning_rate) const override;

  AdamWConfig config_;
};

}  // namespace sfumato
