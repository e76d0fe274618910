#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sfumato/family/model.h"
#include "sfumato/profile/operations.h"

namespace sfumato {

/// The matrix product that every speed is a share of: 4096x1280 by 1280x1280 with a packed weight,
/// again and again. In FLOP/s, the median of nine.
double measured_peak(const Model& model);

/// How often to repeat what is measured, after one run that is not counted.
struct Repeats {
  int count = 5;
  std::function<void(int done)> on_run = [](int) {};
};

struct Measure {
  std::string name;
  std::vector<double> seconds;            ///< of each run, ascending
  std::vector<OperationCost> operations;  ///< of one more run
};

/// One evaluation of the U-Net for a picture of that size, with and without its prompt (a batch of
/// two), on noise and a made-up prompt of 77 tokens.
Measure measure_step(const Model& model, int width, int height, const Repeats& repeats);
/// What that evaluation gives, float32 on the CPU: the same input in every call.
at::Tensor step_result(const Model& model, int width, int height);
/// The same by LibTorch's operators with plain weights (but for group norm), which takes longer and
/// more memory:
/// what a model in float32 should give, whatever is made of it to be fast. Unpacks its weights.
at::Tensor plain_step_result(const Model& model, int width, int height);
/// A latent to a picture.
Measure measure_decode(const Model& model, int width, int height, const Repeats& repeats);
/// 77 tokens through every text encoder.
Measure measure_text(const Model& model, const Repeats& repeats);

}  // namespace sfumato
