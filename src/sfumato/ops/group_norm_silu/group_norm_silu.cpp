#include "sfumato/ops/group_norm_silu/group_norm_silu.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include "sfumato/base/error.h"
#include "sfumato/ops/group_norm_silu/kernel.h"
#include "sfumato/tensor/parallel.h"

namespace sfumato::ops {
namespace {

using group_norm_kernel::Gradients;
using group_norm_kernel::Problem;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Options {
  int64_t groups;
  double eps;
  bool silu;
};

bool is_dense(const at::Tensor& x) {
  return x.is_contiguous() || x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

bool has_kernel(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                int64_t groups) {
  const bool known_dtype = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return x.is_cpu() && weight.is_cpu() && bias.is_cpu() && known_dtype && x.dim() == 4 &&
         x.numel() > 0 && is_dense(x) && groups > 0 && x.size(1) % groups == 0 &&
         weight.numel() == x.size(1) && bias.numel() == x.size(1);
}

// All tensors are float32 and contiguous, but for x, which is_dense.
Problem problem_of(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                   const at::Tensor& mean, const at::Tensor& rstd, const Options& options) {
  return {.batch = x.size(0),
          .channels = x.size(1),
          .groups = options.groups,
          .area = x.size(2) * x.size(3),
          .channels_last = !x.is_contiguous(),
          .bfloat16 = x.scalar_type() == at::kBFloat16,
          .silu = options.silu,
          .eps = options.eps,
          .x = x.data_ptr(),
          .weight = weight.data_ptr<float>(),
          .bias = bias.data_ptr<float>(),
          .mean = mean.data_ptr<float>(),
          .rstd = rstd.data_ptr<float>()};
}

template <class Body>
void parallel_tasks(const Problem& problem, const Body& body) {
  constexpr int64_t kValuesPerThread = 32768;  // fewer do not repay waking a thread
  const int64_t values = problem.batch * problem.channels * problem.area / problem.tasks();
  parallel_for(0, problem.tasks(), std::max<int64_t>(1, kValuesPerThread / values), body);
}

class FusedGroupNorm : public torch::autograd::Function<FusedGroupNorm> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, int64_t groups, double eps, bool silu) {
    const auto mean = at::empty({x.size(0), groups}, weight.options());
    const auto rstd = at::empty_like(mean);
    const auto y = at::empty_like(x);
    RECORD_FUNCTION("sfumato::group_norm", std::vector<c10::IValue>({x, y}));
    const Problem problem = problem_of(x, weight, bias, mean, rstd, {groups, eps, silu});
    parallel_tasks(problem, [&, to = y.data_ptr()](int64_t first, int64_t last) {
      group_norm_kernel::forward(problem, to, first, last);
    });
    ctx->save_for_backward({x, weight, bias, mean, rstd});
    ctx->saved_data["groups"] = groups;
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["silu"] = silu;
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    if (at::GradMode::is_enabled()) {
      throw Error(ErrorKind::InvalidArgument,
                  "group_norm: the gradient of its gradient is missing");
    }
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &bias = saved[2];
    const Problem problem =
        problem_of(x, weight, bias, saved[3], saved[4],
                   {ctx->saved_data["groups"].toInt(), ctx->saved_data["eps"].toDouble(),
                    ctx->saved_data["silu"].toBool()});
    const auto grad_y = grads[0].contiguous(problem.channels_last ? at::MemoryFormat::ChannelsLast
                                                                  : at::MemoryFormat::Contiguous);
    const auto grad_x = at::empty_like(x);
    const auto grad_weight = at::empty({x.size(0), x.size(1)}, weight.options());
    const auto grad_bias = at::empty_like(grad_weight);
    const Gradients gradients{grad_y.data_ptr(), grad_x.data_ptr(), grad_weight.data_ptr<float>(),
                              grad_bias.data_ptr<float>()};
    parallel_tasks(problem, [&](int64_t first, int64_t last) {
      group_norm_kernel::backward(problem, gradients, first, last);
    });
    return {grad_x, grad_weight.sum(0), grad_bias.sum(0), {}, {}, {}};
  }
};

at::Tensor apply(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 const Options& options) {
  const at::Tensor w = weight.to(at::kFloat), b = bias.to(at::kFloat);
  if (has_kernel(x, w, b, options.groups)) {
    return FusedGroupNorm::apply(x, w.contiguous(), b.contiguous(), options.groups, options.eps,
                                 options.silu);
  }
  const at::Tensor normed = at::group_norm(x.to(at::kFloat), options.groups, w, b, options.eps);
  return (options.silu ? at::silu(normed) : normed).to(x.scalar_type());
}

}  // namespace

at::Tensor group_norm_silu(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                           const at::Tensor& bias, double eps) {
  return apply(x, weight, bias, {.groups = groups, .eps = eps, .silu = true});
}

at::Tensor group_norm(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                      const at::Tensor& bias, double eps) {
  return apply(x, weight, bias, {.groups = groups, .eps = eps, .silu = false});
}

}  // namespace sfumato::ops
