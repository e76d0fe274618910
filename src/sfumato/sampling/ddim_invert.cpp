#include "sfumato/sampling/ddim_invert.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"
#include "sfumato/sampling/ode.h"

namespace sfumato {

at::Tensor ddim_invert(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas) {
  for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) {
    if (!(sigmas[i] > 0.0 && sigmas[i] < sigmas[i + 1])) {
      throw Error(ErrorKind::InvalidArgument, "inversion: noise levels must rise from above 0");
    }
    const at::Tensor denoised = denoise(x, sigmas[i]);
    x = x + (sigmas[i + 1] - sigmas[i]) * slope(x, denoised, sigmas[i]);
  }
  return x;
}

}  // namespace sfumato
