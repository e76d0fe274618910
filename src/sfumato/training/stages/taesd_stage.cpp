#include <ATen/ATen.h>

#include <memory>
#include <ostream>
#include <vector>

#include "sfumato/base/files.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/models/tiny_decoder.h"
#include "sfumato/nn/init.h"
#include "sfumato/tensor/autocast.h"
#include "sfumato/training/picture_set.h"
#include "sfumato/training/reconstruction.h"
#include "sfumato/training/replicas.h"
#include "sfumato/training/stage.h"
#include "sfumato/training/trained_parts.h"

namespace sfumato {
namespace {

struct TaesdTraining {
  Recipe recipe;
  Autoencoder teacher;
  TinyDecoder decoder;
  PictureSet train, validation;
  EpochOrder order;
  Replicas networks;
  at::Device device;
  at::ScalarType precision;

  Batch draw(std::int64_t step) {
    return {train.batch(order.batch(step, recipe.batch)).to(device), {}};
  }

  // What the teacher makes of a latent, not the picture it came from: the student learns to look
  // like it, losses included.
  Losses loss(const Batch& batch, at::Generator& random) const {
    at::Tensor latent, picture;
    {
      const at::NoGradGuard no_grad;
      const Autocast autocast(device, precision);
      latent = encoded(batch.input, random);
      picture = teacher.decode(latent).to(at::kFloat);
    }
    return {at::l1_loss(networks.forward({latent}), picture), {}};
  }

  // A sample of the posterior.
  at::Tensor encoded(const at::Tensor& pictures, at::Generator& random) const {
    const LatentConfig& latent = teacher.latent;
    const std::vector<std::int64_t> shape{pictures.size(0), latent.channels,
                                          pictures.size(2) / latent.downsample,
                                          pictures.size(3) / latent.downsample};
    return teacher.encode(pictures, at::randn(shape, random).to(device)).to(at::kFloat);
  }

  Evaluation evaluate() const {
    return evaluate_reconstruction(validation, device, [this](const at::Tensor& pictures) {
      const Autocast autocast(device, precision);
      return decoder.ptr()->forward(teacher.encode(pictures)).to(at::kFloat);
    });
  }

  std::vector<std::filesystem::path> save() const {
    TensorMap tensors;
    for (const auto& [name, tensor] : tensors_of(*decoder)) {
      tensors[name] = tensor.detach().to(at::kHalf);
    }
    std::vector<std::filesystem::path> files;
    for (const std::string& folder : {recipe.out, recipe.taesd.export_folder}) {
      if (folder.empty()) continue;
      make_folder(folder);
      files.push_back(std::filesystem::path(folder) / "taesd_decoder.safetensors");
      save_safetensors(files.back(), tensors, {{"steps", std::to_string(recipe.steps)}});
    }
    return files;
  }
};

TinyDecoder student(const Recipe& recipe, const LatentConfig& latent) {
  const nn::InitGuard init(nn::Init::Random, static_cast<std::uint64_t>(recipe.seed));
  std::int64_t upsamplings = 0;
  while ((std::int64_t{1} << upsamplings) < latent.downsample) ++upsamplings;
  return TinyDecoder(TinyDecoderConfig{.latent_channels = latent.channels,
                                       .channels = recipe.taesd.channels,
                                       .blocks = recipe.taesd.blocks,
                                       .upsamplings = upsamplings});
}

}  // namespace

Stage taesd_stage(const Recipe& recipe, const StageEnv& env) {
  const ModelConfig family = family_of(recipe);
  Autoencoder teacher = trained_autoencoder(family, recipe.taesd.autoencoder);
  teacher.module().to(env.device);
  for (auto& parameter : teacher.module().parameters()) parameter.set_requires_grad(false);
  auto [train, validation] = read_pictures(recipe, family, env);

  std::vector<TinyDecoder> decoders;
  std::vector<Replicas::Replica> replicas;
  for (std::int64_t i = 0; i < replica_count(recipe, env.device); ++i) {
    decoders.push_back(student(recipe, teacher.latent));
    decoders.back()->to(env.device);
    replicas.push_back(
        {decoders.back().ptr(), [decoder = decoders.back(), precision = precision_of(recipe)](
                                    const std::vector<at::Tensor>& inputs) mutable {
           const Autocast autocast(inputs[0].device(), precision);
           return decoder->forward(inputs[0]).to(at::kFloat);
         }});
  }
  const EpochOrder order(train.count(), static_cast<std::uint64_t>(recipe.seed));
  auto self = std::make_shared<TaesdTraining>(
      TaesdTraining{recipe, teacher, decoders.front(), std::move(train), std::move(validation),
                    order, Replicas(std::move(replicas)), env.device, precision_of(recipe)});
  Stage stage;
  stage.module = decoders.front().ptr();
  stage.task.draw = [self](std::int64_t step) { return self->draw(step); };
  stage.task.loss = [self](const Batch& b, at::Generator& random) { return self->loss(b, random); };
  stage.evaluate = [self] { return self->evaluate(); };
  stage.save = [self] { return self->save(); };
  return stage;
}

}  // namespace sfumato
