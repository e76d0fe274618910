#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>

#include "sfumato/training/picture_set.h"
#include "sfumato/training/stage.h"

namespace sfumato {

/// How well pictures survive an autoencoder: the mean "psnr" in dB of what files would hold, and
/// the first pictures above what became of them. Nothing of an empty set.
///   reconstruct  [B, 3, S, S] in [-1, 1] on `device` -> the same
Evaluation evaluate_reconstruction(const PictureSet& pictures, at::Device device,
                                   const std::function<at::Tensor(const at::Tensor&)>& reconstruct);

}  // namespace sfumato
