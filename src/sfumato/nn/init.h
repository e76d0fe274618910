#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace sfumato::nn {

/// How layers fill the parameters they create.
enum class Init {
  Random,  ///< the layer's usual initialisation, for training from scratch
  Empty,   ///< uninitialised memory, about to be overwritten by a checkpoint
  Hollow,  ///< sizes only (tensor/hollow.h): a checkpoint's tensors will take their place
  Meta,    ///< names and shapes only, no memory at all
};

/// While it lives, layers made by this thread are filled as it says. Without a guard, layers are
/// initialised at random from seed 0.
class InitGuard {
 public:
  explicit InitGuard(Init init, std::uint64_t seed = 0);
  ~InitGuard();
  InitGuard(const InitGuard&) = delete;
  InitGuard& operator=(const InitGuard&) = delete;

 private:
  Init previous_init_;
  at::Generator previous_generator_;
};

// Fresh float32 parameters, filled by the guard in force.
at::Tensor uniform_parameter(at::IntArrayRef shape, double bound);  ///< U(-bound, bound)
at::Tensor normal_parameter(at::IntArrayRef shape, double std);     ///< N(0, std²)
at::Tensor constant_parameter(at::IntArrayRef shape, double value);

// The same for a parameter that exists, where a paper asks for another start than its layer's.
void refill_uniform(const at::Tensor& parameter, double bound);
void refill_normal(const at::Tensor& parameter, double std);
void refill_constant(const at::Tensor& parameter, double value);

}  // namespace sfumato::nn
