#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace sfumato::nn {

/// The gates of the text and image encoders.
enum class Activation {
  Gelu,       ///< x * Phi(x), by erf (OpenCLIP, BERT)
  QuickGelu,  ///< x * sigmoid(1.702 x) (OpenAI CLIP)
};

/// "gelu" or "quick_gelu", as configs spell them; anything else throws InvalidArgument.
Activation parse_activation(const std::string& name);

/// Elementwise, same shape and dtype (Hendrycks & Gimpel 2016, arXiv:1606.08415).
at::Tensor activate(const at::Tensor& x, Activation activation);

}  // namespace sfumato::nn
