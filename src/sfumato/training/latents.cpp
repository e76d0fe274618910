#include "sfumato/training/latents.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <ostream>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/base/progress.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/models/diagonal_gaussian.h"
#include "sfumato/tensor/autocast.h"
#include "sfumato/training/step_random.h"

namespace sfumato {

at::Tensor encode_moments(AutoencoderKL autoencoder, const PictureSet& set, at::Device device,
                          at::ScalarType precision, const CancelToken& cancel, std::ostream& log) {
  constexpr std::int64_t kBatch = 64, kReportEvery = 100;
  const at::NoGradGuard no_grad;
  const std::int64_t count = set.count();
  at::Tensor all;
  const Eta eta(0, count);
  for (std::int64_t begin = 0; begin < count; begin += kBatch) {
    cancel.throw_if_cancelled();
    const std::int64_t end = std::min(count, begin + kBatch);
    const at::Tensor pictures = set.batch(at::arange(begin, end, at::kLong)).to(device);
    const Autocast autocast(device, precision);
    const at::Tensor moments = autoencoder->moments(pictures);
    if (!all.defined()) {
      auto shape = moments.sizes().vec();
      shape[0] = count;
      all = at::empty(shape, at::kHalf);
    }
    all.slice(0, begin, end).copy_(moments);
    if (begin / kBatch % kReportEvery == kReportEvery - 1) {
      log << "encoding " << end << "/" << count << "  " << duration_text(eta.seconds_left(end))
          << " left" << std::endl;
    }
  }
  return all;
}

at::Tensor cached_moments(const std::filesystem::path& file, const std::string& key,
                          AutoencoderKL autoencoder, const PictureSet& set, at::Device device,
                          at::ScalarType precision, const CancelToken& cancel, std::ostream& log) {
  if (std::filesystem::exists(file)) {
    Metadata metadata;
    const TensorMap tensors = load_safetensors(file, &metadata);
    const auto found = tensors.find("moments");
    if (metadata["key"] == key && found != tensors.end() && found->second.dim() == 4 &&
        found->second.size(0) == set.count()) {
      return found->second;
    }
  }
  const at::Tensor moments = encode_moments(autoencoder, set, device, precision, cancel, log);
  save_safetensors(file, {{"moments", moments}}, {{"key", key}});
  return moments;
}

double latent_scale(const at::Tensor& moments) {
  const auto posterior = DiagonalGaussian::from_moments(moments.to(at::kFloat));
  at::Generator random = step_generator(0, 0);
  const at::Tensor noise = at::randn(posterior.mean.sizes(), random).to(posterior.mean.device());
  const double deviation = posterior.sample(noise).to(at::kDouble).std().item<double>();
  if (!(deviation > 0.0)) {
    throw Error(ErrorKind::InvalidArgument, "the autoencoder's latents do not vary",
                "train it longer, or lower kl_weight");
  }
  return 1.0 / deviation;
}

}  // namespace sfumato
