#include "sfumato/profile/measures.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

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

/// Of a step: noise and a made-up prompt, always the same.
struct StepInput {
  at::Tensor x, t;
  Conditioning cond;
};

StepInput step_input(const Model& model, const LatentSize& size) {
  constexpr std::int64_t kBatch = 2;  // with and without the prompt
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(0);
  const auto noise = [&](at::IntArrayRef shape) {
    return at::randn(shape, random).to(model.device);
  };
  const UNetConfig& unet = model.unet->config();
  const auto options = at::TensorOptions(model.device);
  StepInput input{.x = noise({kBatch, model.config.latent.channels, size.height, size.width}),
                  .t = at::full({kBatch}, kMiddleTimestep, options),
                  .cond = {}};
  if (unet.context_width) input.cond.context = noise({kBatch, kTokens, *unet.context_width});
  if (unet.class_count > 0) input.cond.vector = at::zeros({kBatch}, options.dtype(at::kLong));
  if (unet.vector_width > 0) input.cond.vector = noise({kBatch, unet.vector_width});
  const std::int64_t stacked = model.config.concat.channels;
  if (stacked > 0) input.cond.concat = noise({kBatch, stacked, size.height, size.width});
  return input;
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
  const StepInput input = step_input(model, latent_size(model, width, height));
  const Network network = as_network(model);
  nn::keep_packed(*model.unet.ptr());
  return measured("step", repeats, [&] { network(input.x, input.t, input.cond); });
}

at::Tensor step_result(const Model& model, int width, int height) {
  const at::NoGradGuard no_grad;
  const StepInput input = step_input(model, latent_size(model, width, height));
  nn::keep_packed(*model.unet.ptr());
  return as_network(model)(input.x, input.t, input.cond).to(at::kCPU, at::kFloat);
}

at::Tensor plain_step_result(const Model& model, int width, int height) {
  const StepInput input = step_input(model, latent_size(model, width, height));
  nn::unpack(*model.unet.ptr());
  for (auto& parameter : model.unet->parameters()) parameter.set_requires_grad(false);
  const at::AutoGradMode with_gradients(true);  // kernels without gradients stand aside
  return as_network(model)(input.x, input.t, input.cond).to(at::kCPU, at::kFloat);
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
