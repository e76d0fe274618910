#include "sfumato/family/widen.h"

#include <ATen/ATen.h>

#include "sfumato/checkpoint/load_into.h"
#include "sfumato/family/build.h"

namespace sfumato {
namespace {

void copy_weights(torch::nn::Module& wide, const torch::nn::Module& half, at::Device device) {
  for (auto& [name, tensor] : tensors_of(wide)) tensor.set_data(tensor.detach().to(device));
  load_into(wide, tensors_of(half));
}

}  // namespace

Model widened(const Model& model, WidePart part) {
  unpack_weights(model);
  ModelConfig own = model.config;
  if (part == WidePart::TextEncoders) own.unet.reset();
  if (part == WidePart::Unet) own.text_encoders.clear();
  const Model fresh = build_model(own, "", nn::Init::Empty, 0);

  Model wide = model;
  wide.dtype = at::kFloat;
  if (part == WidePart::Unet) {
    wide.unet = fresh.unet;
    copy_weights(*wide.unet, *model.unet, model.device);
    return wide;
  }
  for (std::size_t i = 0; i < model.text_encoders.size(); ++i) {
    wide.text_encoders[i].module = fresh.text_encoders[i].module;
    wide.text_encoders[i].run = fresh.text_encoders[i].run;
    copy_weights(*wide.text_encoders[i].module, *model.text_encoders[i].module, model.device);
  }
  return wide;
}

std::uint64_t widened_bytes(const Model& model, WidePart part) {
  std::uint64_t values = 0;
  const auto add = [&](const torch::nn::Module& module) {
    for (const auto& parameter : module.parameters()) values += parameter.numel();
  };
  if (part == WidePart::Unet && model.unet) add(*model.unet);
  if (part == WidePart::TextEncoders) {
    for (const auto& encoder : model.text_encoders) add(*encoder.module);
  }
  return 4 * values;
}

}  // namespace sfumato
