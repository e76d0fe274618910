#include "sfumato/training/train_loop.h"

#include <ATen/ATen.h>

#include "sfumato/training/step_random.h"

namespace sfumato {

void train(TrainState& state, const TrainTask& task, const Recipe& recipe,
           const TrainObserver& observe, const CancelToken& cancel) {
  LrSchedule schedule = recipe.schedule;
  schedule.steps = recipe.steps;

  state.module->train();
  while (state.step < recipe.steps) {
    cancel.throw_if_cancelled();
    const Batch batch = task.draw(state.step);
    at::Generator random = step_generator(static_cast<std::uint64_t>(recipe.seed), state.step);

    const Losses losses = task.loss(batch, random);
    state.optimizer->zero_grad();
    losses.total.backward();
    const at::Tensor norm = clip_gradients(state.optimizer->parameters(), recipe.clip_grad_norm);

    const double learning_rate = recipe.learning_rate * schedule.at(state.step);
    state.optimizer->step(learning_rate);
    task.constrain();
    state.ema.update();
    ++state.step;
    observe(state, {losses, norm, learning_rate});
  }
}

}  // namespace sfumato
