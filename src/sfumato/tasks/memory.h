#pragma once

#include <cstdint>
#include <optional>

#include "sfumato/family/model.h"
#include "sfumato/tasks/observer.h"

namespace sfumato {

// What painting takes besides the weights, estimated before it begins: a system that promises more
// memory than it has does not refuse, it kills. The factors are measured with Stable Diffusion 1.5;
// pictures are given by their size in pixels.

/// Bytes that may still be taken; nothing where that cannot be told.
struct FreeMemory {
  std::optional<std::uint64_t> device;  ///< where the model is
  std::optional<std::uint64_t> host;    ///< the CPU's
};
FreeMemory free_memory_for(const Model& model);

/// Bytes of the U-Net's feature maps for so many pictures, each with and without its prompt.
std::uint64_t denoising_memory(const Model& model, int width, int height, int pictures);

/// Bytes of the autoencoder's feature maps for one picture, encoded or decoded.
std::uint64_t autoencoder_memory(const Model& model, int width, int height);
/// The same strip by strip (nn/strips.h): in the CPU's memory, wherever the model is.
std::uint64_t strips_memory(const Model& model, int width, int height);

/// How many of `batch` pictures of that size can be painted together: halved, with a note, until
/// they fit. Throws OutOfMemory, with a size that would fit, where not even one does.
int fitting_batch(const Model& model, int width, int height, int batch, const FreeMemory& free,
                  const Observer& observer);

}  // namespace sfumato
