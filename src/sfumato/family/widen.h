#pragma once

#include "sfumato/family/model.h"

namespace sfumato {

/// What a widened model computes with float32 weights.
enum class WidePart { TextEncoders, Unet };

/// The model with the weights of one part copied to float32 and computing in it, for what a half
/// dtype cannot hold. Everything else is shared with `model`.
Model widened(const Model& model, WidePart part);

/// Bytes that the copied weights take.
std::uint64_t widened_bytes(const Model& model, WidePart part);

}  // namespace sfumato
