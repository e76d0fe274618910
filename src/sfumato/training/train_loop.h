#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/base/cancel.h"
#include "sfumato/training/batch.h"
#include "sfumato/training/train_state.h"

namespace sfumato {

/// What is minimised, and the parts of it worth logging; 0-d tensors.
struct Losses {
  at::Tensor total;
  std::vector<std::pair<std::string, at::Tensor>> parts;
};

/// The objective of a stage: runs its networks under Autocast and takes losses in float32. All its
/// randomness comes from the generator of the step.
using LossFn = std::function<Losses(const Batch& batch, at::Generator& random)>;

/// One finished step, for logs, samples and checkpoints. `state.step` counts it already.
struct TrainStep {
  const Losses& losses;
  const at::Tensor& gradient_norm;  ///< [] before clipping
  double learning_rate;
};
using TrainObserver = std::function<void(TrainState& state, const TrainStep& step)>;

/// The part of training that differs from stage to stage.
struct TrainTask {
  BatchSource draw;
  LossFn loss;
  std::function<void()> constrain = [] {};  ///< after every update, e.g. clamps a temperature
};

/// Runs until recipe.steps are done. Throws Cancelled between two steps, the state being complete.
void train(TrainState& state, const TrainTask& task, const Recipe& recipe,
           const TrainObserver& observe, const CancelToken& cancel);

}  // namespace sfumato
