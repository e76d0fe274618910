#include "sfumato/training/run.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>
#include <ostream>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/base/progress.h"
#include "sfumato/image/codecs.h"
#include "sfumato/training/loss_log.h"
#include "sfumato/training/stage.h"
#include "sfumato/training/train_loop.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

// Everything that happens beside the loop: log, progress, samples, checkpoints.
class Recorder {
 public:
  Recorder(const Recipe& recipe, Stage& stage, const TrainState& state, std::ostream& log)
      : recipe_(recipe),
        stage_(stage),
        log_(log),
        history_(fs::path(recipe.out) / "log.jsonl", state.step),
        eta_(state.step, recipe.steps) {}

  void operator()(TrainState& state, const TrainStep& step) {
    remember(step);
    const bool last = state.step == recipe_.steps;
    if (due(state.step, recipe_.log_every) || last) report(state, step);
    if (due(state.step, recipe_.sample_every) || last) evaluate(state);
    if (due(state.step, recipe_.save_every) || last) save_state(state, folder("state"));
  }

  fs::path folder(const char* name) const { return fs::path(recipe_.out) / name; }

 private:
  static bool due(std::int64_t step, std::int64_t every) { return every > 0 && step % every == 0; }

  // Sums stay tensors, so that a GPU is not waited for at every step.
  void remember(const TrainStep& step) {
    if (count_++ == 0) {
      sums_ = {{"loss", step.losses.total.detach()}};
      for (const auto& [name, value] : step.losses.parts) sums_.emplace_back(name, value.detach());
      return;
    }
    sums_[0].second = sums_[0].second + step.losses.total.detach();
    for (std::size_t i = 0; i < step.losses.parts.size(); ++i) {
      sums_[i + 1].second = sums_[i + 1].second + step.losses.parts[i].second.detach();
    }
  }

  void report(const TrainState& state, const TrainStep& step) {
    NamedNumbers numbers;
    for (const auto& [name, sum] : sums_) {
      numbers.emplace_back(name, sum.to(at::kDouble).item<double>() / static_cast<double>(count_));
    }
    count_ = 0;
    numbers.emplace_back("gradient_norm", step.gradient_norm.to(at::kDouble).item<double>());
    numbers.emplace_back("learning_rate", step.learning_rate);
    for (const auto& [name, value] : numbers) {
      if (std::isfinite(value)) continue;
      throw Error(
          ErrorKind::InvalidArgument,
          "training diverged: " + name + " is not finite at step " + std::to_string(state.step),
          "lower the learning rate, or resume from the last checkpoint");
    }
    history_.add(state.step, numbers);

    log_ << "step " << state.step << "/" << recipe_.steps;
    for (const auto& [name, value] : numbers) log_ << "  " << name << " " << short_number(value);
    log_ << "  " << short_number(eta_.seconds_per_unit(state.step)) << " s/step  "
         << duration_text(eta_.seconds_left(state.step)) << " left" << std::endl;
  }

  void evaluate(TrainState& state) {
    Evaluation evaluation;
    {
      const WithAveragedWeights averaged(state.ema);
      stage_.module->eval();
      evaluation = stage_.evaluate();
      stage_.module->train();
    }
    if (!evaluation.numbers.empty()) {
      history_.add(state.step, evaluation.numbers);
      log_ << "step " << state.step << " validation";
      for (const auto& [name, value] : evaluation.numbers) {
        log_ << "  " << name << " " << short_number(value);
      }
      log_ << std::endl;
    }
    if (evaluation.sample) {
      char name[40];
      std::snprintf(name, sizeof name, "step-%07lld.png", static_cast<long long>(state.step));
      make_folder(folder("samples"));
      write_png(folder("samples") / name, *evaluation.sample);
    }
    write_png(fs::path(recipe_.out) / "loss.png", history_.chart(recipe_.stage + " loss"));
  }

  const Recipe& recipe_;
  Stage& stage_;
  std::ostream& log_;
  LossLog history_;
  Eta eta_;
  std::int64_t count_ = 0;
  std::vector<std::pair<std::string, at::Tensor>> sums_;
};

}  // namespace

std::vector<fs::path> run_training(const Recipe& recipe, const RunOptions& options,
                                   const CancelToken& cancel, std::ostream& log) {
  check_recipe(recipe);
  make_folder(recipe.out);
  Stage stage = make_stage(recipe, {options.device, cancel, log});
  TrainState state(stage.module, recipe);
  const fs::path state_folder = fs::path(recipe.out) / "state";
  if (options.fresh) fs::remove(state_folder / "state.json");  // or an early end would revive it
  if (has_state(state_folder)) {
    resume_state(state, state_folder);
    log << "resuming " << recipe.out << " at step " << state.step << std::endl;
  }

  std::int64_t weights = 0;
  for (const auto& [name, tensor] : state.optimizer->parameters()) weights += tensor.numel();
  log << recipe.stage << ": " << short_number(static_cast<double>(weights) / 1e6)
      << " million weights, " << recipe.steps << " steps of " << recipe.batch << std::endl;

  Recorder recorder(recipe, stage, state, log);
  try {
    train(state, stage.task, recipe, std::ref(recorder), cancel);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) {
      save_state(state, state_folder);
      log << "saved step " << state.step << " in " << state_folder.string() << std::endl;
    }
    throw;
  }

  const WithAveragedWeights averaged(state.ema);
  stage.module->eval();
  return stage.save();
}

}  // namespace sfumato
