#include "sfumato/ops/geglu/geglu.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/ops/geglu/kernel.h"
#include "sfumato/tensor/parallel.h"

namespace sfumato::ops {
namespace {

bool has_kernel(const at::Tensor& in) {
  const bool known_dtype = in.scalar_type() == at::kFloat || in.scalar_type() == at::kBFloat16;
  return in.is_cpu() && known_dtype && in.numel() > 0 && in.is_contiguous() &&
         !at::GradMode::is_enabled();
}

at::Tensor fused(const at::Tensor& in) {
  constexpr int64_t kValuesPerThread = 16384;  // fewer do not repay waking a thread
  std::vector<int64_t> shape = in.sizes().vec();
  shape.back() /= 2;
  const at::Tensor out = at::empty(shape, in.options());
  RECORD_FUNCTION("sfumato::geglu", std::vector<c10::IValue>({in, out}));
  const geglu_kernel::Problem problem{.width = shape.back(),
                                      .bfloat16 = in.scalar_type() == at::kBFloat16,
                                      .in = in.data_ptr(),
                                      .out = out.data_ptr()};
  parallel_for(0, out.numel() / problem.width,
               std::max<int64_t>(1, kValuesPerThread / problem.width),
               [&](int64_t first, int64_t last) { geglu_kernel::multiply(problem, first, last); });
  return out;
}

}  // namespace

at::Tensor geglu(const at::Tensor& in) {
  if (in.size(-1) % 2 != 0) {
    throw Error(ErrorKind::InvalidArgument,
                "geglu: the last dimension must be even, got " + std::to_string(in.size(-1)));
  }
  if (has_kernel(in)) return fused(in);
  const auto halves = in.chunk(2, -1);
  return (halves[0].to(at::kFloat) * at::gelu(halves[1].to(at::kFloat))).to(in.scalar_type());
}

}  // namespace sfumato::ops
