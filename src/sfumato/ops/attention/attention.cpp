#include "sfumato/ops/attention/attention.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace sfumato::ops {

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionOptions& options) {
  const double scale =
      options.scale != 0.0 ? options.scale : 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  at::Tensor scores = at::matmul(q * scale, k.transpose(-2, -1));
  if (options.causal) {
    const auto future =
        at::ones({q.size(-2), k.size(-2)}, scores.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(future, -std::numeric_limits<float>::infinity());
  }
  return at::matmul(at::softmax(scores, -1, at::kFloat).to(v.scalar_type()), v);
}

at::Tensor multi_head_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                int64_t heads, const AttentionOptions& options) {
  const auto split = [&](const at::Tensor& x) {  // [B, T, H*D] -> [B, H, T, D]
    return x.unflatten(-1, {heads, -1}).transpose(1, 2);
  };
  return attention(split(q), split(k), split(v), options).transpose(1, 2).flatten(2);
}

}  // namespace sfumato::ops
