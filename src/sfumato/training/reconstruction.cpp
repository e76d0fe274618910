#include "sfumato/training/reconstruction.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sfumato/image/draw.h"
#include "sfumato/metrics/psnr.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato {
namespace {

constexpr std::int64_t kShownPictures = 8, kMeasuredTogether = 50;

// What a PNG would hold, so that the measured PSNR is that of the files.
at::Tensor rounded(const at::Tensor& pixels) {
  return ((pixels.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1;
}

Image side_by_side(const at::Tensor& pictures, const at::Tensor& decoded) {
  const std::int64_t count = std::min(kShownPictures, pictures.size(0));
  std::vector<Image> images = to_images(pictures.slice(0, 0, count));
  for (Image& image : to_images(decoded.slice(0, 0, count))) images.push_back(std::move(image));
  return grid(images, static_cast<int>(count));
}

}  // namespace

Evaluation evaluate_reconstruction(
    const PictureSet& set, at::Device device,
    const std::function<at::Tensor(const at::Tensor&)>& reconstruct) {
  const at::NoGradGuard no_grad;
  Evaluation result;
  std::vector<at::Tensor> values;
  for (std::int64_t begin = 0; begin < set.count(); begin += kMeasuredTogether) {
    const std::int64_t end = std::min(set.count(), begin + kMeasuredTogether);
    const at::Tensor pictures = set.batch(at::arange(begin, end, at::kLong));
    const at::Tensor decoded = reconstruct(pictures.to(device)).cpu();
    values.push_back(psnr(rounded(decoded), pictures, 2.0));
    if (begin == 0) result.sample = side_by_side(pictures, decoded);
  }
  if (!values.empty()) result.numbers.emplace_back("psnr", at::cat(values).mean().item<double>());
  return result;
}

}  // namespace sfumato
