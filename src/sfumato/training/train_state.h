#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "sfumato/training/ema.h"
#include "sfumato/training/optimizer.h"
#include "sfumato/training/recipe.h"

namespace sfumato {

/// The trainable parameters of a module by checkpoint name, each once.
TensorMap trainable_parameters(const torch::nn::Module& module);

/// Everything a training run is in the middle of. Noise and batches are functions of (seed, step),
/// so there are no generators to remember.
struct TrainState {
  TrainState(std::shared_ptr<torch::nn::Module> module, const Recipe& recipe);

  std::shared_ptr<torch::nn::Module> module;
  std::unique_ptr<Optimizer> optimizer;
  Ema ema;
  std::int64_t step = 0;  ///< finished steps

  // What the run is, to refuse resuming another one.
  std::string stage;
  std::int64_t seed = 0, batch = 0;
};

/// Writes FOLDER/state-STEP.safetensors (model.*, ema.*, the optimizer's slots) and then
/// FOLDER/state.json, which names it; an older state goes last, so a killed run always finds one.
void save_state(const TrainState& state, const std::filesystem::path& folder);

/// True when FOLDER holds a state to resume.
bool has_state(const std::filesystem::path& folder);

/// Restores what save_state() wrote. Throws InvalidArgument when stage, seed or batch differ from
/// the state's, Corrupt when the files do not fit.
void resume_state(TrainState& state, const std::filesystem::path& folder);

}  // namespace sfumato
