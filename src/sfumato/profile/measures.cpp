#include "sfumato/profile/measures.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

#include "sfumato/base/error.h"
#include "sfumato/family/network.h"
#include "sfumato/nn/layers.h"
#include "sfumato/tensor/autocast.h"

namespace sfumato {
namespace {

constexpr std::int64_t kTokens = 77;  // of a prompt for CLIP
constexpr double kMiddleTimestep = 500.0;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Measure measured(std::string name, const Repeats& repeats, const std::function<void()>& work) {
  Measure measure{.name = std::move(name), .seconds = {}, .operations = {}};
  work();
  for (int i = 0; i < repeats.count; ++i) {
    repeats.on_run(i);
    measure.seconds.push_back(seconds_of(work));
  }
  std::sort(measure.seconds.begin(), measure.seconds.end());
  measure.operations = time_operations(work);
  return measure;
}

Conditioning made_up_conditioning(const Model& model, std::int64_t batch, std::int64_t height,
                                  std::int64_t width) {
  const UNetConfig& unet = model.unet->config();
  const auto options = at::TensorOptions(model.device);
  Conditioning cond;
  if (unet.context_width) cond.context = at::randn({batch, kTokens, *unet.context_width}, options);
  if (unet.class_count > 0) cond.vector = at::zeros({batch}, options.dtype(at::kLong));
  if (unet.vector_width > 0) cond.vector = at::randn({batch, unet.vector_width}, options);
  const std::int64_t stacked = model.config.concat.channels;
  if (stacked > 0) cond.concat = at::randn({batch, stacked, height, width}, options);
  return cond;
}

struct LatentSize {
  std::int64_t height, width;
};

LatentSize latent_size(const Model& model, int width, int height) {
  const std::int64_t cell = model.config.latent.downsample;
  if (width <= 0 || height <= 0 || width % (8 * cell) != 0 || height % (8 * cell) != 0) {
    throw Error(ErrorKind::InvalidArgument,
                "bench: width and height must be multiples of " + std::to_string(8 * cell));
  }
  return {height / cell, width / cell};
}

}  // namespace

double measured_peak(const Model& model) {
  constexpr std::int64_t kRows = 4096, kWidth = 1280;
  constexpr int kRuns = 9;
  const at::NoGradGuard no_grad;
  const auto options = at::TensorOptions(model.device).dtype(model.dtype);
  const at::Tensor x = at::randn({kRows, kWidth}, options);
  const at::Tensor weight = at::randn({kWidth, kWidth}, options);
  ops::PackedWeight packed;
  packed.keep();
  const auto multiply = [&] { return nn::apply_linear(packed, x, weight, at::Tensor()); };
  multiply();
  std::vector<double> seconds(kRuns);
  for (double& run : seconds) run = seconds_of(multiply);
  std::sort(seconds.begin(), seconds.end());
  return 2.0 * double(kRows * kWidth * kWidth) / seconds[kRuns / 2];
}

Measure measure_step(const Model& model, int width, int height, const Repeats& repeats) {
  const at::NoGradGuard no_grad;
  const LatentSize size = latent_size(model, width, height);
  const Network network = as_network(model);
  nn::keep_packed(*model.unet.ptr());
  const std::int64_t batch = 2;
  const Conditioning cond = made_up_conditioning(model, batch, size.height, size.width);
  const auto options = at::TensorOptions(model.device);
  const at::Tensor x =
      at::randn({batch, model.config.latent.channels, size.height, size.width}, options);
  const at::Tensor t = at::full({batch}, kMiddleTimestep, options);
  return measured("step", repeats, [&] { network(x, t, cond); });
}

Measure measure_decode(const Model& model, int width, int height, const Repeats& repeats) {
  const at::NoGradGuard no_grad;
  const LatentSize size = latent_size(model, width, height);
  nn::keep_packed(model.autoencoder.module());
  const at::Tensor latent = at::randn({1, model.config.latent.channels, size.height, size.width},
                                      at::TensorOptions(model.device));
  return measured("vae", repeats, [&] { model.autoencoder.decode(latent); });
}

Measure measure_text(const Model& model, const Repeats& repeats) {
  if (model.text_encoders.empty()) {
    throw Error(ErrorKind::Unsupported,
                "the family " + model.config.family + " has no text encoder to measure");
  }
  const at::NoGradGuard no_grad;
  const auto options = at::TensorOptions(model.device).dtype(at::kLong);
  return measured("text", repeats, [&] {
    const Autocast autocast(model.device, model.dtype);
    for (const auto& encoder : model.text_encoders) {
      const std::int64_t tokens =
          encoder.config.positions > 0 ? std::min(kTokens, encoder.config.positions) : kTokens;
      encoder.encode(at::ones({1, tokens}, options));
    }
  });
}

}  // namespace sfumato
