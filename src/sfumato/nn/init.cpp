#include "sfumato/nn/init.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <utility>

#include "sfumato/tensor/hollow.h"

namespace sfumato::nn {
namespace {

// Construction of a module tree is single-threaded and scoped; passing this through every
// constructor of every box would drown their real arguments.
thread_local Init current_init = Init::Random;
thread_local at::Generator current_generator = at::make_generator<at::CPUGeneratorImpl>(0);

at::Tensor empty(at::IntArrayRef shape) {
  const at::TensorOptions options(at::kFloat);
  if (current_init == Init::Hollow) return hollow(shape, options);
  return at::empty(shape, options.device(current_init == Init::Meta ? at::kMeta : at::kCPU));
}

}  // namespace

InitGuard::InitGuard(Init init, std::uint64_t seed)
    : previous_init_(std::exchange(current_init, init)),
      previous_generator_(
          std::exchange(current_generator, at::make_generator<at::CPUGeneratorImpl>(seed))) {}

InitGuard::~InitGuard() {
  current_init = previous_init_;
  current_generator = previous_generator_;
}

at::Tensor uniform_parameter(at::IntArrayRef shape, double bound) {
  at::Tensor tensor = empty(shape);
  if (current_init == Init::Random) tensor.uniform_(-bound, bound, current_generator);
  return tensor;
}

at::Tensor normal_parameter(at::IntArrayRef shape, double std) {
  at::Tensor tensor = empty(shape);
  if (current_init == Init::Random) tensor.normal_(0.0, std, current_generator);
  return tensor;
}

at::Tensor constant_parameter(at::IntArrayRef shape, double value) {
  at::Tensor tensor = empty(shape);
  if (current_init == Init::Random) tensor.fill_(value);
  return tensor;
}

void refill_uniform(const at::Tensor& parameter, double bound) {
  if (current_init == Init::Random) parameter.detach().uniform_(-bound, bound, current_generator);
}

void refill_normal(const at::Tensor& parameter, double std) {
  if (current_init == Init::Random) parameter.detach().normal_(0.0, std, current_generator);
}

void refill_constant(const at::Tensor& parameter, double value) {
  if (current_init == Init::Random) parameter.detach().fill_(value);
}

}  // namespace sfumato::nn
