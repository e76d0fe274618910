#pragma once

#include <cstdint>

#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// How much of the average survives an update, in the form of diffusers' EMAModel; the defaults are
/// those of LDM's code. The random initial weights are to be forgotten quickly, so it grows:
///   (1 + n) / (10 + n), or 1 - (1 + n / inv_gamma)^-power with use_ema_warmup,
/// where n counts updates after the one numbered update_after_step + 1, before which the average
/// follows the weights (0). The result lies in [min_decay, decay]: both equal is no warm-up.
struct EmaDecay {
  double decay = 0.999, min_decay = 0.0;
  std::int64_t update_after_step = -1;  ///< LDM; 0 is diffusers' default, one update later
  bool use_ema_warmup = false;
  double inv_gamma = 1.0, power = 2.0 / 3.0;

  /// The decay of update `updates` (1, 2, ...).
  double at(std::int64_t updates) const;
};

/// An exponential moving average of a model's parameters, w' = d·w' + (1 - d)·w after every step;
/// these are the weights that are sampled and exported (Ho et al. 2020, app. B).
class Ema {
 public:
  /// Starts as a copy of the parameters, with which it keeps sharing nothing.
  Ema(const TensorMap& parameters, const EmaDecay& decay);

  void update();
  /// Exchanges the averaged with the live weights in place; calling it twice restores both.
  void swap();

  const TensorMap& average() const { return average_; }
  std::int64_t updates() const { return updates_; }
  void restore(const TensorMap& average, std::int64_t updates);

 private:
  TensorMap parameters_, average_;
  EmaDecay decay_;
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
