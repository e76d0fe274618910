#include "sfumato/models/clip.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

at::Tensor unit_length(const at::Tensor& features) {
  const at::Tensor x = features.to(at::kFloat);
  return x / x.norm(2, -1, /*keepdim=*/true);
}

}  // namespace

at::Tensor clip_logits(const at::Tensor& image_features, const at::Tensor& text_features,
                       const at::Tensor& logit_scale) {
  const at::Tensor cosines =
      at::matmul(unit_length(image_features), unit_length(text_features).t());
  return logit_scale.exp() * cosines.to(at::kFloat);
}

ClipImpl::ClipImpl(const ClipConfig& config) : text(config.text), visual(config.image) {
  if (config.text.projection != config.image.projection) {
    throw Error(ErrorKind::InvalidArgument, "CLIP: the towers project to different widths, text " +
                                                std::to_string(config.text.projection) +
                                                ", image " +
                                                std::to_string(config.image.projection));
  }
  register_module("visual", visual);
  // The checkpoints have no name for the text tower: what it holds stands at the root.
  for (const auto& child : text->named_children()) register_module(child.key(), child.value());
  for (auto& parameter : text->named_parameters(/*recurse=*/false)) {
    register_parameter(parameter.key(), parameter.value());
  }
  logit_scale = text->logit_scale;
}

at::Tensor ClipImpl::encode_image(const at::Tensor& pixels) { return visual(pixels); }

at::Tensor ClipImpl::encode_text(const at::Tensor& ids) { return text(ids).pooled; }

}  // namespace sfumato
