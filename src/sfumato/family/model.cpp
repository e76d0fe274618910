#include "sfumato/family/model.h"

#include <ATen/ATen.h>

#include "sfumato/checkpoint/load_into.h"
#include "sfumato/family/build.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/tensor/hollow.h"

namespace sfumato {
namespace {

/// (z - shift) * scale
at::Tensor scaled(const at::Tensor& z, const LatentConfig& latent) {
  return latent.shift == 0.0 ? z * latent.scale : (z - latent.shift) * latent.scale;
}

at::Tensor unscaled(const at::Tensor& x, const LatentConfig& latent) {
  return latent.shift == 0.0 ? x / latent.scale : x / latent.scale + latent.shift;
}

/// x in the type that the module computes in.
at::Tensor as_stored(const at::Tensor& x, const torch::nn::Module& module) {
  return x.to(module.parameters().front().scalar_type());
}

void add(TensorMap& all, const std::string& prefix, const torch::nn::Module& module) {
  for (auto& [name, tensor] : tensors_of(module)) all[prefix + name] = tensor;
}

enum class Values { Keep, Lose };

void move(const torch::nn::Module& module, at::Device device, at::ScalarType dtype, Values values) {
  for (auto& [name, tensor] : tensors_of(module)) {
    const auto type = tensor.is_floating_point() ? dtype : tensor.scalar_type();
    tensor.set_data(values == Values::Keep
                        ? tensor.detach().to(device, type)
                        : hollow(tensor.sizes(), at::TensorOptions(type).device(device)));
  }
}

void move_all(Model& model, at::Device device, at::ScalarType dtype, Values values) {
  unpack_weights(model);
  if (model.unet) move(*model.unet, device, dtype, values);
  for (auto& encoder : model.text_encoders) move(*encoder.module, device, dtype, values);
  if (model.label_rescaler) move(*model.label_rescaler, device, dtype, values);
  if (ImageEncoder& encoder = model.image_encoder; encoder.clip) {
    move(*encoder.clip, device, dtype, values);
    encoder.mean = encoder.mean.to(device);
    encoder.deviation = encoder.deviation.to(device);
  }
  move(model.autoencoder.module(), device, dtype == at::kHalf ? at::kFloat : dtype, values);
  model.device = device;
  model.dtype = dtype;
}

}  // namespace

at::Tensor Autoencoder::encode(const at::Tensor& image) const {
  const at::Tensor x = as_stored(image, module());
  const at::Tensor z = vq ? vq.ptr()->encode(x) : kl.ptr()->encode(x).mean;
  return scaled(z.to(image.scalar_type()), latent);
}

at::Tensor Autoencoder::encode(const at::Tensor& image, const at::Tensor& noise) const {
  if (vq) return encode(image);
  const DiagonalGaussian posterior = kl.ptr()->encode(as_stored(image, module()));
  return scaled(posterior.sample(noise).to(image.scalar_type()), latent);
}

at::Tensor Autoencoder::decode(const at::Tensor& x) const {
  if (tiny) return tiny.ptr()->forward(as_stored(x, *tiny)).to(x.scalar_type());
  const at::Tensor z = as_stored(unscaled(x, latent), module());
  return (vq ? vq.ptr()->decode(z) : kl.ptr()->decode(z)).to(x.scalar_type());
}

torch::nn::Module& Autoencoder::module() const {
  if (vq) return *vq.ptr();
  return *kl.ptr();
}

Model make_model(const ModelConfig& config, const std::string& tokenizer_text, std::uint64_t seed) {
  return build_model(config, tokenizer_text, nn::Init::Random, seed);
}

Model describe_model(const ModelConfig& config) {
  return build_model(config, "", nn::Init::Meta, 0);
}

void unpack_weights(const Model& model) {
  if (model.unet) nn::unpack(*model.unet.ptr());
  nn::unpack(model.autoencoder.module());
  for (const auto& encoder : model.text_encoders) nn::unpack(*encoder.module);
}

TensorMap checkpoint_tensors(const Model& model) {
  unpack_weights(model);
  return tensors_as_they_lie(model);
}

TensorMap tensors_as_they_lie(const Model& model) {
  const ModelConfig& config = model.config;
  TensorMap all;
  if (model.unet) add(all, config.checkpoint.unet, *model.unet);
  add(all, config.checkpoint.autoencoder, model.autoencoder.module());
  for (const auto& prefix : config.checkpoint.autoencoder_copies) {
    add(all, prefix, model.autoencoder.module());
  }
  for (const auto& encoder : model.text_encoders) {
    add(all, encoder.config.prefix, *encoder.module);
  }
  if (model.image_encoder.clip) {
    add(all, config.image_encoder->prefix, *model.image_encoder.clip);
    if (config.image_encoder->statistics) {
      all[kEmbeddingMean] = model.image_encoder.mean;
      all[kEmbeddingDeviation] = model.image_encoder.deviation;
    }
  }
  if (model.label_rescaler) add(all, config.concat.prefix, *model.label_rescaler);
  if (config.latent.scale_in_checkpoint) {
    all["scale_factor"] = at::scalar_tensor(model.autoencoder.latent.scale, at::kFloat);
  }
  return all;
}

void move_to(Model& model, at::Device device, at::ScalarType dtype) {
  move_all(model, device, dtype, Values::Keep);
}

void make_room_on(Model& model, at::Device device, at::ScalarType dtype) {
  move_all(model, device, dtype, Values::Lose);
}

}  // namespace sfumato
