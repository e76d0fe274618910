#include "sfumato/ops/layer_norm/layer_norm.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include "sfumato/ops/layer_norm/kernel.h"
#include "sfumato/tensor/parallel.h"

namespace sfumato::ops {
namespace {

bool has_kernel(const at::Tensor& x, const at::Tensor& weight) {
  const bool known_dtype = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return x.is_cpu() && known_dtype && x.numel() > 0 && x.is_contiguous() &&
         weight.numel() == x.size(-1) && !at::GradMode::is_enabled();
}

}  // namespace

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      double eps) {
  constexpr int64_t kValuesPerThread = 32768;  // fewer do not repay waking a thread
  const at::Tensor w = weight.to(at::kFloat), b = bias.to(at::kFloat);
  if (!has_kernel(x, w)) {
    return at::layer_norm(x.to(at::kFloat), {x.size(-1)}, w, b, eps).to(x.scalar_type());
  }
  const at::Tensor y = at::empty_like(x), scale = w.contiguous(), shift = b.contiguous();
  RECORD_FUNCTION("sfumato::layer_norm", std::vector<c10::IValue>({x, y}));
  const layer_norm_kernel::Problem problem{.width = x.size(-1),
                                           .bfloat16 = x.scalar_type() == at::kBFloat16,
                                           .eps = eps,
                                           .x = x.data_ptr(),
                                           .weight = scale.data_ptr<float>(),
                                           .bias = shift.data_ptr<float>(),
                                           .y = y.data_ptr()};
  parallel_for(
      0, x.numel() / problem.width, std::max<int64_t>(1, kValuesPerThread / problem.width),
      [&](int64_t first, int64_t last) { layer_norm_kernel::normalise(problem, first, last); });
  return y;
}

}  // namespace sfumato::ops
