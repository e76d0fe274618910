#include "sfumato/tasks/decode.h"

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/nn/layers.h"
#include "sfumato/nn/strips.h"
#include "sfumato/tasks/memory.h"
#include "sfumato/tensor/finite.h"
#include "sfumato/tensor/memory.h"

namespace sfumato {
namespace {

// Of pixels in [-1, 1]: what rounds to one value of 255, or two neighbouring ones.
constexpr double kPlainRange = 2.0 / 255.0;
constexpr double kPlainLatent = 1e-3;  // the standard deviation of a latent that is plain itself

using AutoencoderPass = std::function<at::Tensor(const at::Tensor&)>;

struct AutoencoderSize {
  int width, height;
};

at::Tensor by_strips(const Model& model, const AutoencoderPass& pass, const at::Tensor& x) {
  const nn::StripGuard strips(kStripValues, model.device);
  return pass(x);
}

std::string done_in_strips(const std::string& what) {
  return what + " strip by strip, which is slower";
}

// One pass of the autoencoder, if need be by strips.
at::Tensor pass_or_strips(const Model& model, const AutoencoderPass& pass, const at::Tensor& x,
                          const AutoencoderSize& size, const std::string& what,
                          const Observer& observer) {
  const VaeTiling tiling = model.autoencoder.tiling;
  if (tiling == VaeTiling::On) return by_strips(model, pass, x);
  if (tiling == VaeTiling::Off) return pass(x);
  const std::uint64_t needed = autoencoder_memory(model, size.width, size.height);
  if (const auto free = free_memory(model.device); free && *free < needed) {
    observer.on_note("note: " + what + " takes " + in_gib(needed) + ", " + in_gib(*free) +
                     " are free; " + done_in_strips(what));
    return by_strips(model, pass, x);
  }
  try {
    return pass(x);
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
  }
  // Out of the handler, so that what the first try held is let go of.
  observer.on_note("note: out of memory; " + done_in_strips(what));
  return by_strips(model, pass, x);
}

std::string other_autoencoder(const Model& model) {
  return model.autoencoder.tiny ? "leave out --taesd" : "try another one with --vae";
}

Error undecodable(const Model& model, const AutoencoderSize& size) {
  return {ErrorKind::Unsupported,
          "the autoencoder made NaN or infinite pixels of a sound latent of " +
              std::to_string(size.width) + "x" + std::to_string(size.height),
          "its weights may be damaged: " + other_autoencoder(model)};
}

Error too_large(const Model& model, const AutoencoderSize& size, const std::string& what) {
  return {ErrorKind::OutOfMemory,
          "out of memory while " + what + " a picture of " + std::to_string(size.width) + "x" +
              std::to_string(size.height),
          model.autoencoder.tiling == VaeTiling::Off ? "leave out --vae-tiling off"
                                                     : "ask for a smaller picture"};
}

// One pass of the autoencoder; `what` is for notes and errors: "decoding".
at::Tensor fitting_pass(const Model& model, const AutoencoderPass& pass, const at::Tensor& x,
                        const AutoencoderSize& size, const std::string& what,
                        const Observer& observer) {
  try {
    return pass_or_strips(model, pass, x, size, what, observer);
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
  }
  throw too_large(model, size, what);
}

// A tiny decoder knows no strips.
at::Tensor tiny_pass(const Model& model, const AutoencoderPass& pass, const at::Tensor& x,
                     const AutoencoderSize& size) {
  try {
    return pass(x);
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
  }
  throw Error(ErrorKind::OutOfMemory, too_large(model, size, "decoding").what(),
              "leave out --taesd: other decoders work strip by strip");
}

void note_plain(const Model& model, const at::Tensor& pixels, const at::Tensor& latent,
                const Observer& observer) {
  const at::Tensor seen = pixels.clamp(-1.0, 1.0);
  const double darkest = seen.min().item<double>(), brightest = seen.max().item<double>();
  if (brightest - darkest > kPlainRange) return;
  if (latent.std(/*unbiased=*/false).item<double>() < kPlainLatent) return;
  const std::string colour = brightest < -1.0 + kPlainRange ? "black" : "of one plain colour";
  observer.on_note(
      "warning: the picture is " + colour +
      ", though its latent is not; the model's numbers may have overflowed: try "
      "--precision float32, or " +
      (model.autoencoder.tiny ? "leave out --taesd" : "another autoencoder with --vae"));
}

at::Tensor decode_picture(const Model& model, const at::Tensor& latent, const Observer& observer) {
  const auto cell = static_cast<int>(model.config.latent.downsample);
  const AutoencoderSize size{static_cast<int>(latent.size(3)) * cell,
                             static_cast<int>(latent.size(2)) * cell};
  const AutoencoderPass decode = [&](const at::Tensor& x) {
    return model.autoencoder.decode(x).to(at::kCPU, at::kFloat);
  };
  const at::Tensor pixels = model.autoencoder.tiny
                                ? tiny_pass(model, decode, latent, size)
                                : fitting_pass(model, decode, latent, size, "decoding", observer);
  if (!all_finite(pixels)) throw undecodable(model, size);
  note_plain(model, pixels, latent, observer);
  return pixels;
}

}  // namespace

at::Tensor decode_batch(const Model& model, const at::Tensor& latents, const Observer& observer) {
  nn::keep_packed(model.autoencoder.module());
  if (model.device.is_cpu()) release_unused_memory();  // the denoiser's feature maps are gone
  std::vector<at::Tensor> pictures;
  try {
    for (std::int64_t i = 0; i < latents.size(0); ++i) {
      pictures.push_back(decode_picture(model, latents.narrow(0, i, 1), observer));
    }
  } catch (const std::exception&) {
    observer.on_undecoded(latents);
    throw;
  }
  return at::cat(pictures, 0);
}

at::Tensor encode_batch(const Model& model, const at::Tensor& pixels, const Observer& observer) {
  const AutoencoderSize size{static_cast<int>(pixels.size(3)), static_cast<int>(pixels.size(2))};
  const AutoencoderPass encode = [&](const at::Tensor& x) {
    return model.autoencoder.encode(x).to(model.device, at::kFloat);
  };
  std::vector<at::Tensor> latents;
  for (std::int64_t i = 0; i < pixels.size(0); ++i) {
    const at::Tensor picture = pixels.narrow(0, i, 1).to(model.device);
    latents.push_back(fitting_pass(model, encode, picture, size, "encoding", observer));
    if (all_finite(latents.back())) continue;
    throw Error(ErrorKind::Unsupported, "the autoencoder made NaN or infinite values of a picture",
                "its weights may be damaged: try another one with --vae");
  }
  return at::cat(latents, 0);
}

}  // namespace sfumato
