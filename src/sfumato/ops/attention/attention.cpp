#include "sfumato/ops/attention/attention.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionOptions& options) {
  const double scale =
      options.scale != 0.0 ? options.scale : 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
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
