#pragma once

#include "sfumato/training/optimizer.h"

namespace sfumato {

struct SgdConfig {
  double momentum = 0.0;      ///< 0: none, and no state
  double dampening = 0.0;     ///< share of a gradient, after the first, that momentum leaves out
  double weight_decay = 0.0;  ///< part of the gradient
  bool nesterov = false;      ///< looks a step ahead; needs momentum and no dampening
};

/// Stochastic gradient descent with momentum, in the form of Sutskever et al. 2013 that PyTorch
/// has: the learning rate is outside of the momentum. Its slot is "momentum_buffer".
class Sgd : public Optimizer {
 public:
  Sgd(TensorMap parameters, const SgdConfig& config);

 private:
  void update(const Group& group, double learning_rate) const override;

  SgdConfig config_;
};

}  // namespace sfumato
