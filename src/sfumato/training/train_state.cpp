#include "sfumato/training/train_state.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <set>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/training/adamw.h"
#include "sfumato/training/sgd.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

void add_with_prefix(TensorMap& to, const TensorMap& from, const std::string& prefix) {
  for (const auto& [name, tensor] : from) to[prefix + name] = tensor.detach();
}

json read_state_json(const fs::path& path) {
  const json state = json::parse(read_file(path, 1 << 20), nullptr, /*allow_exceptions=*/false);
  for (const char* key : {"step", "optimizer_steps", "ema_updates", "seed", "batch"}) {
    if (!state.is_object() || !state.contains(key) || !state[key].is_number_integer()) {
      throw Error(ErrorKind::Corrupt, path.string() + ": no training state (" + key + ")",
                  "start afresh with --fresh");
    }
  }
  for (const char* key : {"file", "stage"}) {
    if (!state.contains(key) || !state[key].is_string()) {
      throw Error(ErrorKind::Corrupt, path.string() + ": no training state (" + key + ")",
                  "start afresh with --fresh");
    }
  }
  return state;
}

void expect_same(const fs::path& path, const char* what, const json& saved, const json& wanted) {
  if (saved == wanted) return;
  throw Error(ErrorKind::InvalidArgument,
              path.string() + " was trained with " + what + " " + saved.dump() +
                  ", the recipe says " + wanted.dump(),
              "use another out folder, or --fresh to start again");
}

std::unique_ptr<Optimizer> optimizer_of(const Recipe& recipe, TensorMap parameters) {
  if (recipe.optimizer == "sgd") return std::make_unique<Sgd>(std::move(parameters), recipe.sgd);
  AdamWConfig config = recipe.adamw;
  config.decoupled_decay = recipe.optimizer == "adamw";
  return std::make_unique<AdamW>(std::move(parameters), config);
}

}  // namespace

TensorMap trainable_parameters(const torch::nn::Module& module) {
  TensorMap parameters;
  std::set<const void*> seen;  // a tower may be registered under two names
  for (const auto& item : module.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    if (seen.insert(item.value().unsafeGetTensorImpl()).second) {
      parameters[item.key()] = item.value();
    }
  }
  return parameters;
}

TrainState::TrainState(std::shared_ptr<torch::nn::Module> m, const Recipe& recipe)
    : module(std::move(m)),
      optimizer(optimizer_of(recipe, trainable_parameters(*module))),
      ema(trainable_parameters(*module), recipe.ema),
      stage(recipe.stage),
      seed(recipe.seed),
      batch(recipe.batch) {}

void save_state(const TrainState& state, const fs::path& folder) {
  make_folder(folder);
  TensorMap tensors = state.optimizer->state();
  add_with_prefix(tensors, tensors_of(*state.module), "model.");
  add_with_prefix(tensors, state.ema.average(), "ema.");
  const std::string file = "state-" + std::to_string(state.step) + ".safetensors";
  save_safetensors(folder / file, tensors);

  const json description{{"file", file},
                         {"stage", state.stage},
                         {"step", state.step},
                         {"optimizer_steps", state.optimizer->steps()},
                         {"ema_updates", state.ema.updates()},
                         {"seed", state.seed},
                         {"batch", state.batch}};
  write_file_atomically(folder / "state.json", description.dump(2) + "\n");

  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("state-", 0) == 0 && entry.path().extension() == ".safetensors" &&
        name != file) {
      std::error_code ignored;  // an old state that stays behind only costs space
      fs::remove(entry.path(), ignored);
    }
  }
}

bool has_state(const fs::path& folder) { return fs::exists(folder / "state.json"); }

void resume_state(TrainState& state, const fs::path& folder) {
  const fs::path path = folder / "state.json";
  const json saved = read_state_json(path);
  expect_same(path, "stage", saved["stage"], state.stage);
  expect_same(path, "seed", saved["seed"], state.seed);
  expect_same(path, "batch", saved["batch"], state.batch);

  const fs::path file = fs::path(saved["file"].get<std::string>()).filename();
  const TensorMap tensors = load_safetensors(folder / file);
  load_into(*state.module, with_prefix_removed(tensors, "model."));
  state.ema.restore(with_prefix_removed(tensors, "ema."), saved["ema_updates"]);
  state.optimizer->restore(tensors, saved["optimizer_steps"]);
  state.step = saved["step"];
}

}  // namespace sfumato
