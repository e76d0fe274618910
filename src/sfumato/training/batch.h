#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sfumato {

/// What one step trains on, on the device of the model.
struct Batch {
  at::Tensor input;   ///< pictures [B, 3, S, S] in [-1, 1]; for the denoiser their moments
  at::Tensor tokens;  ///< [B, T] int64 captions; the autoencoder has none
  std::optional<at::Tensor> mask = std::nullopt;  ///< [B, 1, S, S] in [0, 1] of the loss; or none
};

/// The batch of a step: a pure function of the step, so that resuming continues exactly.
using BatchSource = std::function<Batch(std::int64_t step)>;

/// Which of `count` samples each step sees: shuffled epochs, every sample once per epoch. A pure
/// function of (seed, step); the order of the current epoch is only kept to save time.
class EpochOrder {
 public:
  EpochOrder(std::int64_t count, std::uint64_t seed);

  /// Indices of the `size` samples of `step`: int64 [size]. A batch may reach into the next epoch.
  at::Tensor batch(std::int64_t step, std::int64_t size);

 private:
  std::int64_t at(std::int64_t position);

  std::int64_t count_, epoch_ = -1;
  std::uint64_t seed_;
  std::vector<std::int64_t> order_;
};

}  // namespace sfumato
