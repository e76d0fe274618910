#pragma once

#include <cstdint>

#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// The decay of update `updates` (1, 2, ...) with warm-up: min(decay, (1 + n) / (10 + n)), so that
/// the random initial weights are forgotten quickly.
double warmed_up_decay(double decay, std::int64_t updates);

/// An exponential moving average of a model's parameters, w' = d·w' + (1 - d)·w after every step;
/// these are the weights that are sampled and exported (Ho et al. 2020, app. B).
class Ema {
 public:
  /// Starts as a copy of the parameters, with which it keeps sharing nothing.
  Ema(const TensorMap& parameters, double decay, bool warm_up = true);

  void update();
  /// Exchanges the averaged with the live weights in place; calling it twice restores both.
  void swap();

  const TensorMap& average() const { return average_; }
  std::int64_t updates() const { return updates_; }
  void restore(const TensorMap& average, std::int64_t updates);

 private:
  TensorMap parameters_, average_;
  double decay_;
  bool warm_up_;
  std::int64_t updates_ = 0;
};

/// While it lives, the model computes with its averaged weights.
class WithAveragedWeights {
 public:
  explicit WithAveragedWeights(Ema& ema) : ema_(ema) { ema_.swap(); }
  ~WithAveragedWeights() { ema_.swap(); }
  WithAveragedWeights(const WithAveragedWeights&) = delete;
  WithAveragedWeights& operator=(const WithAveragedWeights&) = delete;

 private:
  Ema& ema_;
};

}  // namespace sfumato
