#include "sfumato/training/sample_grid.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "sfumato/diffusion/guidance.h"
#include "sfumato/family/conditioner.h"
#include "sfumato/family/network.h"
#include "sfumato/image/draw.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tensor/pixels.h"
#include "sfumato/tensor/random/noise.h"

namespace sfumato {

Image sample_grid(const Model& model, const DenoiserRecipe& recipe) {
  const at::NoGradGuard no_grad;
  const auto count = recipe.prompts.size();
  const auto& latent = model.config.latent;
  const std::int64_t height = model.config.defaults.height / latent.downsample;
  const std::int64_t width = model.config.defaults.width / latent.downsample;

  std::vector<at::Tensor> noise;
  for (std::size_t i = 0; i < count; ++i) {
    noise.push_back(torch_cpu_noise(i)({1, latent.channels, height, width}));
  }
  const std::vector<std::string> empty(count);
  const Denoiser denoise = classifier_free(as_denoiser(model), condition(model, recipe.prompts),
                                           condition(model, empty), recipe.guidance);
  const std::vector<double> sigmas =
      find_spacing(model.config.defaults.spacing)
          .sigmas(NoiseSchedule(model.config.schedule), static_cast<int>(recipe.sample_steps));
  const at::Tensor x = at::cat(noise).to(model.device) * sigmas.front();
  const at::Tensor z = find_sampler("dpmpp_2m").run(denoise, x, sigmas, {});
  const auto images = to_images(model.autoencoder.decode(z).to(at::kFloat).cpu());
  const int columns = static_cast<int>(std::min<std::size_t>(count, 6));
  return grid(images, columns, 4, recipe.prompts);
}

}  // namespace sfumato
