#include "sfumato/ops/attention/attention.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sfumato/ops/attention/flash.h"
#include "sfumato/tensor/parallel.h"

namespace sfumato::ops {
namespace {

// Scores held at once; 8192 tokens of one head.
constexpr int64_t kMostScores = int64_t(1) << 26;

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale,
                  const AttentionOptions& options) {
  at::Tensor scores = at::matmul(q * scale, k.transpose(-2, -1));
  if (options.causal) {
    const auto future =
        at::ones({q.size(-2), k.size(-2)}, scores.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(future, -std::numeric_limits<float>::infinity());
  }
  return at::matmul(at::softmax(scores, -1, at::kFloat).to(v.scalar_type()), v);
}

// Some heads or, where one is too large, some queries at a time. How they are cut depends on the
// number of tokens only, so that no sample of a batch is computed in another way than alone.
at::Tensor attend_in_parts(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, const AttentionOptions& options) {
  const at::Tensor queries = q.flatten(0, 1), keys = k.flatten(0, 1), values = v.flatten(0, 1);
  const int64_t tokens = queries.size(1), row = std::max<int64_t>(keys.size(1), 1);
  const int64_t rows = std::clamp<int64_t>(kMostScores / row, 1, tokens);
  const int64_t heads = std::max<int64_t>(kMostScores / (rows * row), 1);
  at::Tensor result = at::empty({queries.size(0), tokens, values.size(2)}, v.options());
  for (int64_t head = 0; head < queries.size(0); head += heads) {
    const int64_t count = std::min(heads, queries.size(0) - head);
    for (int64_t first = 0; first < tokens; first += rows) {
      const int64_t size = std::min(rows, tokens - first);
      result.narrow(0, head, count)
          .narrow(1, first, size)
          .copy_(attend(queries.narrow(0, head, count).narrow(1, first, size),
                        keys.narrow(0, head, count), values.narrow(0, head, count), scale,
                        options));
    }
  }
  return result.view({q.size(0), q.size(1), tokens, -1});
}

bool is_plain(const at::Tensor& x, at::ScalarType dtype) {
  return x.is_cpu() && x.scalar_type() == dtype && x.dim() == 4 && x.numel() > 0;
}

// The values of a token side by side, as the kernels read them.
at::Tensor with_whole_tokens(const at::Tensor& x) {
  return x.stride(3) == 1 || x.size(3) == 1 ? x : x.contiguous();
}

// Nothing where no kernel can do it.
const flash::Kernel* kernel_for(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                const AttentionOptions& options) {
  const auto dtype = q.scalar_type();
  const bool wanted = !options.reference && !options.causal && !at::GradMode::is_enabled();
  if (!wanted || !is_plain(q, dtype) || !is_plain(k, dtype) || !is_plain(v, dtype)) return nullptr;
  const bool fits = k.sizes() == v.sizes() && q.size(0) == k.size(0) && q.size(1) == k.size(1) &&
                    q.size(3) == k.size(3);
  if (!fits) return nullptr;
  if (dtype == at::kFloat) return &flash::float32_kernel();
  if (dtype != at::kBFloat16) return nullptr;
  const flash::Kernel* fast = flash::bfloat16_kernel();
  return fast ? fast : &flash::float32_kernel();
}

template <class Pointer>
flash::Tokens<Pointer> tokens_of(const at::Tensor& x) {
  return {x.data_ptr(), x.stride(0), x.stride(1), x.stride(2)};
}

at::Tensor flash_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, const flash::Kernel& kernel) {
  RECORD_FUNCTION("sfumato::attention", std::vector<c10::IValue>({q, k, v}));
  // Heads lie side by side, so that joining them costs nothing.
  const at::Tensor out =
      at::empty({q.size(0), q.size(2), q.size(1), q.size(3)}, q.options()).transpose(1, 2);
  const flash::Problem problem{.batch = q.size(0),
                               .heads = q.size(1),
                               .queries = q.size(2),
                               .keys = k.size(2),
                               .width = q.size(3),
                               .bfloat16 = q.scalar_type() == at::kBFloat16,
                               .scale = static_cast<float>(scale),
                               .q = tokens_of<const void*>(q),
                               .k = tokens_of<const void*>(k),
                               .v = tokens_of<const void*>(v),
                               .out = tokens_of<void*>(out)};
  const int64_t heads = problem.batch * problem.heads;
  const at::Tensor packed = at::empty({heads * kernel.packed_bytes(problem)}, at::kByte);
  parallel_for(0, heads, 1, [&](int64_t first, int64_t last) {
    kernel.pack(problem, packed.data_ptr(), first, last);
  });
  parallel_for(0, heads * problem.query_blocks(), 1, [&](int64_t first, int64_t last) {
    kernel.attend(problem, packed.data_ptr(), first, last);
  });
  return out;
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionOptions& options) {
  const double scale =
      options.scale != 0.0 ? options.scale : 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  if (const flash::Kernel* kernel = kernel_for(q, k, v, options)) {
    return flash_attention(with_whole_tokens(q), with_whole_tokens(k), with_whole_tokens(v), scale,
                           *kernel);
  }
  const int64_t scores = q.size(0) * q.size(1) * q.size(2) * k.size(2);
  const bool in_parts = scores > kMostScores && !options.causal && !at::GradMode::is_enabled();
  return in_parts ? attend_in_parts(q, k, v, scale, options) : attend(q, k, v, scale, options);
}

at::Tensor multi_head_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                int64_t heads, const AttentionOptions& options) {
  const auto split = [&](const at::Tensor& x) {  // [B, T, H*D] -> [B, H, T, D]
    return x.unflatten(-1, {heads, -1}).transpose(1, 2);
  };
  return attention(split(q), split(k), split(v), options).transpose(1, 2).flatten(2);
}

}  // namespace sfumato::ops
