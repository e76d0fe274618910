#include "sfumato/tensor/pixels.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {

at::Tensor to_tensor(std::span<const Image> images) {
  if (images.empty()) throw Error(ErrorKind::InvalidArgument, "to_tensor: no pictures");
  const int height = images[0].height, width = images[0].width;
  at::Tensor bytes = at::empty({int64_t(images.size()), height, width, 3}, at::kByte);
  auto* out = bytes.data_ptr<std::uint8_t>();
  for (const Image& image : images) {
    if (image.height != height || image.width != width) {
      throw Error(ErrorKind::InvalidArgument, "to_tensor: pictures differ in size");
    }
    out = std::copy(image.rgb.begin(), image.rgb.end(), out);
  }
  return bytes.permute({0, 3, 1, 2}).to(at::kFloat).div_(127.5).sub_(1.0).contiguous();
}

std::vector<Image> to_images(const at::Tensor& pixels) {
  expect_shape(pixels, {-1, 3, -1, -1}, "pixels");
  const at::Tensor bytes = pixels.detach()
                               .to(at::kCPU, at::kFloat)
                               .add(1.0)
                               .mul(127.5)
                               .round()
                               .clamp(0, 255)
                               .to(at::kByte)
                               .permute({0, 2, 3, 1})
                               .contiguous();
  std::vector<Image> images;
  const auto* in = bytes.data_ptr<std::uint8_t>();
  for (int64_t i = 0; i < bytes.size(0); ++i) {
    Image image(int(bytes.size(2)), int(bytes.size(1)));
    std::copy(in, in + image.rgb.size(), image.rgb.begin());
    in += image.rgb.size();
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace sfumato
