#include "sfumato/family/noise_augment.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/diffusion/forward_process.h"
#include "sfumato/nn/timestep_embedding.h"
#include "sfumato/tensor/autocast.h"

namespace sfumato {

bool reads_pictures(const ModelConfig& config) {
  return std::find(config.vector.begin(), config.vector.end(), VectorPart::ImageEmbedding) !=
         config.vector.end();
}

at::Tensor noise_augmented(const ModelConfig& config, const at::Tensor& x, const at::Tensor& noise,
                           int level) {
  if (!config.noise_augment) {
    throw Error(ErrorKind::Unsupported,
                "models of the family " + config.family + " know no noise level");
  }
  const std::int64_t highest = config.noise_augment->max_level;
  if (level < 0 || level > highest) {
    throw Error(ErrorKind::InvalidArgument, "--noise-level " + std::to_string(level) +
                                                ": models of the family " + config.family +
                                                " know 0 to " + std::to_string(highest));
  }
  const NoiseSchedule schedule(config.noise_augment->schedule);
  return add_noise(schedule, x, noise, at::full({x.size(0)}, level, at::kLong));
}

int embedded_picture_side(const Model& model) {
  if (model.image_encoder.clip) {
    return static_cast<int>(model.config.image_encoder->clip.image_size);
  }
  throw Error(ErrorKind::Unsupported,
              "the model's file holds no image encoder (tensors embedder.model.visual.*)",
              "take a complete file of Stable unCLIP 2.1, h or l");
}

at::Tensor embedded_pictures(const Model& model, const at::Tensor& pixels) {
  ClipImageModel clip = model.image_encoder.clip;
  const Autocast autocast(model.device, model.dtype);
  return clip->forward(pixels.to(model.device)).to(at::kFloat);
}

at::Tensor embedding_vector(const Model& model, const at::Tensor& embedding,
                            const at::Tensor& noise, int level) {
  const ImageEncoder& encoder = model.image_encoder;
  const at::Tensor centred = (embedding - encoder.mean) / encoder.deviation;
  const at::Tensor noised = noise_augmented(model.config, centred, noise.to(model.device), level);
  const at::Tensor levels = at::full({embedding.size(0)}, level, at::kLong).to(model.device);
  return at::cat({noised * encoder.deviation + encoder.mean,
                  nn::timestep_embedding(levels, embedding.size(1))},
                 1);
}

}  // namespace sfumato
