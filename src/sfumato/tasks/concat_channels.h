#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <optional>
#include <string>

#include "sfumato/family/model.h"
#include "sfumato/tasks/observer.h"

namespace sfumato {

// What the networks of some families see besides the noisy latent (ConcatKind), for a painting of
// width x height pixels: further channels [B, C', h, w] of the latent's height and width.

/// Throws Unsupported, naming the command that does, unless `command` can show a network of the
/// family what it wants to see: one of `served`, and no picture to vary (unCLIP).
void expect_channels(const ModelConfig& config, const std::string& command,
                     std::initializer_list<ConcatKind> served);

/// SD inpainting: the mask, then the latent of the picture without the masked part.
///   pixels  [B, 3, H, W] in [-1, 1]
///   mask    [1, 1, H, W], 1 = repaint; both may be undefined: everything is painted
///   return  [B, 1 + C, h, w], nothing for the families that take no mask
std::optional<at::Tensor> inpainting_channels(const Model& model, const at::Tensor& pixels,
                                              const at::Tensor& mask, int width, int height,
                                              const Observer& observer = {});

/// SD 2 depth: the depth at the latent's size, spread over [-1, 1].
///   depth   [B, 1, H, W], more = nearer, in any unit
///   return  [B, 1, h, w]; throws InvalidArgument for a depth that is the same everywhere
at::Tensor depth_channels(const Model& model, const at::Tensor& depth, int width, int height);

/// InstructPix2Pix: the latent [B, C, h, w] of the picture to edit, without the family's scaling.
at::Tensor edit_channels(const Model& model, const at::Tensor& latent);

}  // namespace sfumato
