#include "sfumato/tasks/concat_channels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string_view>

#include "sfumato/base/error.h"
#include "sfumato/family/noise_augment.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/decode.h"

namespace sfumato {
namespace {

struct ChannelUse {
  std::string_view sees, command;
};

ChannelUse channel_use(const ModelConfig& config) {
  if (reads_pictures(config)) return {"a picture to vary", "variations"};
  switch (config.concat.kind) {
    case ConcatKind::None:
      break;
    case ConcatKind::LowResImage:
      return {"the small picture that it enlarges", "upscale --method x4"};
    case ConcatKind::MaskedLatent:
      return {"a mask and the rest of the picture", "inpaint"};
    case ConcatKind::MaskedLatentFirst:
      return {"the rest of the picture and a mask, and no words", ""};
    case ConcatKind::Depth:
      return {"a depth map", "depth2img"};
    case ConcatKind::EditedImage:
      return {"the picture that it edits", "edit"};
    case ConcatKind::LabelMap:
      return {"a map of labels", ""};
  }
  return {"no picture besides its own", "img2img"};
}

// Height and width of a painting's latent.
std::vector<std::int64_t> latent_size(const Model& model, int width, int height) {
  const auto shape = latent_shape(model, width, height);
  return {shape[1], shape[2]};
}

}  // namespace

void expect_channels(const ModelConfig& config, const std::string& command,
                     std::initializer_list<ConcatKind> served) {
  const bool shown = std::find(served.begin(), served.end(), config.concat.kind) != served.end();
  if (shown && !reads_pictures(config)) return;
  const auto [sees, other] = channel_use(config);
  throw Error(ErrorKind::Unsupported,
              command + " cannot use a model of the family " + config.family + ", which sees " +
                  std::string(sees),
              other.empty() ? "choose another model"
                            : "use: sfumato " + std::string(other) + ", or choose another model");
}

std::optional<at::Tensor> inpainting_channels(const Model& model, const at::Tensor& pixels,
                                              const at::Tensor& mask, int width, int height,
                                              const Observer& observer) {
  if (model.config.concat.kind != ConcatKind::MaskedLatent) return std::nullopt;
  const bool all = !mask.defined();
  const at::Tensor repaint =
      all ? at::ones({1, 1, height, width}) : mask.to(at::kCPU, at::kFloat).round();
  const at::Tensor known =
      pixels.defined() && !all ? pixels * (1.0 - repaint) : at::zeros({1, 3, height, width});
  const auto size = latent_size(model, width, height);
  const at::Tensor encoded = encode_batch(model, known, observer);
  const at::Tensor latent = at::upsample_bilinear2d(encoded, size, false);
  const at::Tensor small = at::upsample_nearest2d(repaint, size).to(model.device);
  return at::cat({small.expand({latent.size(0), -1, -1, -1}), latent}, 1);
}

// First resized, then spread: as in training (Stability-AI/stablediffusion,
// ldm/models/diffusion/ddpm.py, LatentDepth2ImageDiffusion.get_input).
at::Tensor depth_channels(const Model& model, const at::Tensor& depth, int width, int height) {
  const at::Tensor small = at::upsample_bicubic2d(depth.to(model.device, at::kFloat),
                                                  latent_size(model, width, height), false);
  const at::Tensor least = small.amin({1, 2, 3}, true), most = small.amax({1, 2, 3}, true);
  if ((most - least <= 0.0).any().item<bool>()) {
    throw Error(ErrorKind::InvalidArgument, "the depth map is the same everywhere",
                "bright is near, dark is far");
  }
  return 2.0 * (small - least) / (most - least) - 1.0;
}

at::Tensor edit_channels(const Model& model, const at::Tensor& latent) {
  const LatentConfig& config = model.autoencoder.latent;
  return latent / config.scale + config.shift;
}

}  // namespace sfumato
