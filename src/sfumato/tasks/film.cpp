#include "sfumato/tasks/film.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "sfumato/image/resample.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato {
namespace {

constexpr double kRidge = 1e-3;  // keeps the fit defined where the latents hardly vary

// [1, C, h, w] -> [h * w, C + 1] in double, the last column of ones.
at::Tensor rows_of(const at::Tensor& latent) {
  const at::Tensor flat =
      latent.to(at::kCPU, at::kDouble).squeeze(0).flatten(1).transpose(0, 1).contiguous();
  return at::cat({flat, at::ones({flat.size(0), 1}, at::kDouble)}, 1);
}

// [C + 1, 3]: least squares from the latent's cells to the mean colours of their pixels.
at::Tensor colours_of(const at::Tensor& latent, const at::Tensor& pixels) {
  const at::Tensor rows = rows_of(latent);
  const at::Tensor colours =
      at::adaptive_avg_pool2d(pixels.to(at::kDouble), {latent.size(2), latent.size(3)})
          .squeeze(0)
          .flatten(1)
          .transpose(0, 1);
  const at::Tensor square = rows.t().mm(rows) + kRidge * at::eye(rows.size(1), rows.options());
  return at::linalg_solve(square, rows.t().mm(colours));
}

Image seen_through(const at::Tensor& map, const at::Tensor& latent) {
  const at::Tensor colours = rows_of(latent).mm(map).transpose(0, 1).contiguous();
  return to_images(colours.view({1, 3, latent.size(2), latent.size(3)})).front();
}

}  // namespace

std::vector<Image> film_frames(const Model& model, std::span<const at::Tensor> estimates,
                               bool decode) {
  const at::NoGradGuard no_grad;
  decode = decode || model.autoencoder.tiny;  // which costs little
  std::vector<Image> frames;
  if (estimates.empty()) return frames;
  const at::Tensor pixels = decode_batch(model, estimates.back().to(model.device));
  const Image last = to_images(pixels).front();
  const at::Tensor map = decode ? at::Tensor() : colours_of(estimates.back(), pixels);
  for (const auto& estimate : estimates.first(estimates.size() - 1)) {
    const Image frame = decode ? to_images(decode_batch(model, estimate.to(model.device))).front()
                               : seen_through(map, estimate);
    frames.push_back(resample(frame, last.width, last.height, Filter::Bicubic));
  }
  frames.push_back(last);
  return frames;
}

}  // namespace sfumato
