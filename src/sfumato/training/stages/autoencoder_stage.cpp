#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <ostream>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/models/autoencoder_kl.h"
#include "sfumato/nn/init.h"
#include "sfumato/tensor/autocast.h"
#include "sfumato/training/autoencoder_loss.h"
#include "sfumato/training/latents.h"
#include "sfumato/training/picture_set.h"
#include "sfumato/training/reconstruction.h"
#include "sfumato/training/stage.h"

namespace sfumato {
namespace {

constexpr std::int64_t kScalePictures = 4096;

struct AutoencoderTraining {
  Recipe recipe;
  ModelConfig family;
  AutoencoderKL model;
  PictureSet train, validation;
  EpochOrder order;
  at::Device device;
  at::ScalarType precision;

  Losses loss(const Batch& batch, at::Generator& random) {
    DiagonalGaussian posterior;
    at::Tensor reconstruction;
    {
      const Autocast autocast(device, precision);
      posterior = DiagonalGaussian::from_moments(model->moments(batch.input).to(at::kFloat));
      const at::Tensor noise = at::randn(posterior.mean.sizes(), random).to(device);
      reconstruction = model->decode(posterior.sample(noise));
    }
    const AutoencoderLoss parts =
        autoencoder_loss(batch.input, reconstruction, posterior, recipe.autoencoder.kl_weight);
    return {parts.total, {{"reconstruction", parts.reconstruction}, {"kl", parts.kl}}};
  }

  // Validation pictures through the bottleneck and back, without noise.
  Evaluation evaluate() {
    return evaluate_reconstruction(
        validation, device, [this](const at::Tensor& pictures) { return reconstruct(pictures); });
  }

  std::vector<std::filesystem::path> save() {
    const at::NoGradGuard no_grad;
    const std::int64_t count = std::min(train.count(), kScalePictures);
    const PictureSet some{train.pictures.slice(0, 0, count),
                          {train.captions.begin(), train.captions.begin() + count}};
    const CancelToken never;
    std::ostream quiet(nullptr);
    const double scale = latent_scale(encode_moments(model, some, device, precision, never, quiet));

    TensorMap tensors;
    for (const auto& [name, tensor] : tensors_of(*model)) {
      tensors[family.checkpoint.autoencoder + name] = tensor.detach();
    }
    const std::filesystem::path file =
        std::filesystem::path(recipe.out) / "autoencoder.safetensors";
    save_safetensors(file, tensors,
                     {{"stage", "autoencoder"},
                      {"family", family.family},
                      {"latent_scale", std::to_string(scale)}});
    return {file};
  }

  at::Tensor reconstruct(const at::Tensor& pictures) {
    const Autocast autocast(device, precision);
    const auto posterior = DiagonalGaussian::from_moments(model->moments(pictures).to(at::kFloat));
    return model->decode(posterior.mean).to(at::kFloat);
  }
};

}  // namespace

Stage autoencoder_stage(const Recipe& recipe, const StageEnv& env) {
  const ModelConfig family = family_of(recipe);
  if (family.autoencoder_kind != AutoencoderKind::KL) {
    throw Error(ErrorKind::Unsupported, "only KL autoencoders can be trained");
  }
  auto [train, validation] = read_pictures(recipe, family, env);
  const EpochOrder order(train.count(), static_cast<std::uint64_t>(recipe.seed));

  const nn::InitGuard init(nn::Init::Random, static_cast<std::uint64_t>(recipe.seed));
  AutoencoderKL model(family.autoencoder);
  model->to(env.device);
  auto self = std::make_shared<AutoencoderTraining>(
      AutoencoderTraining{recipe, family, model, std::move(train), std::move(validation), order,
                          env.device, precision_of(recipe)});

  Stage stage;
  stage.module = model.ptr();
  stage.task.draw = [self](std::int64_t step) {
    const at::Tensor indices = self->order.batch(step, self->recipe.batch);
    return Batch{self->train.batch(indices).to(self->device), {}};
  };
  stage.task.loss = [self](const Batch& b, at::Generator& random) { return self->loss(b, random); };
  stage.evaluate = [self] { return self->evaluate(); };
  stage.save = [self] { return self->save(); };
  return stage;
}

}  // namespace sfumato
