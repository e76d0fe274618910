#include "sfumato/diffusion/inpaint_mask.h"

#include <ATen/ATen.h>

#include <utility>

namespace sfumato {

Denoiser keep_known(Denoiser denoise, at::Tensor known, at::Tensor noise, at::Tensor mask) {
  return [denoise = std::move(denoise), known = std::move(known), noise = std::move(noise),
          mask = std::move(mask)](const at::Tensor& x, double sigma) {
    const at::Tensor noisy = known + sigma * noise;
    const at::Tensor denoised = denoise(x * (1.0 - mask) + noisy * mask, sigma);
    return denoised * (1.0 - mask) + known * mask;
  };
}

}  // namespace sfumato
