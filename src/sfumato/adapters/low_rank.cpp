#include <ATen/ATen.h>

#include "sfumato/adapters/weight_change_kinds.h"

namespace sfumato {
namespace {

// Core tensors make intermediate results of rank x columns; no layer is wide enough for more.
constexpr std::int64_t kMaxCoreRank = 4096;

std::int64_t product(const AdapterModule& m, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) misfit(m, "its factors are too large");
  return result;
}

/// The part as it is, [n, m, kernel, kernel].
at::Tensor core_tensor(const AdapterModule& m, const std::string& part, const at::Tensor& weight) {
  return m.part(part).to(weight.device(), at::kFloat);
}

/// Size of a b, or of the two through a core tensor: sum_ij t[i, j, y, x] a[i, o] b[j, c], which is
/// [o, c, y, x]. An empty `core` or one that the module lacks means the plain product.
MatrixSize product_size(const AdapterModule& m, const std::string& a, const std::string& b,
                        const std::string& core) {
  const MatrixSize left = matrix_size(m, a), right = matrix_size(m, b);
  if (!m.has(core)) {
    if (left.columns != right.rows) {
      misfit(m, "'" + a + "' has rank " + std::to_string(left.columns) + ", '" + b + "' has " +
                    std::to_string(right.rows));
    }
    return {left.rows, right.columns};
  }
  const auto t = m.part(core).sizes();
  if (t.size() != 4 || t[0] != left.rows || t[1] != right.rows || t[0] > kMaxCoreRank ||
      t[1] > kMaxCoreRank) {
    misfit(m, "its core '" + core + "' does not fit '" + a + "' and '" + b + "'");
  }
  return {left.columns, product(m, right.columns, t[2] * t[3])};
}

/// The matrix whose size product_size() tells.
at::Tensor product_of(const AdapterModule& m, const std::string& a, const std::string& b,
                      const std::string& core, const at::Tensor& weight) {
  const at::Tensor left = factor(m, a, weight), right = factor(m, b, weight);
  if (!m.has(core)) return left.mm(right);
  const at::Tensor inner = at::einsum("ijyx,jc->icyx", {core_tensor(m, core, weight), right});
  return left.t().mm(as_matrix(inner));
}

// LoRA: the core tensor of LoCon's CP form is t[n, m, y, x] between up [o, n] and down [m, i].

void expect_lora(const AdapterModule& m, at::IntArrayRef weight) {
  const MatrixSize up = matrix_size(m, "up"), down = matrix_size(m, "down");
  if (!m.has("mid")) return expect_size(m, product_size(m, "up", "down", ""), weight);
  const auto mid = m.part("mid").sizes();
  if (mid.size() != 4 || mid[0] != up.columns || mid[1] != down.rows || mid[0] > kMaxCoreRank ||
      mid[1] > kMaxCoreRank) {
    misfit(m, "its core 'mid' does not fit 'up' and 'down'");
  }
  expect_size(m, {up.rows, product(m, down.columns, mid[2] * mid[3])}, weight);
}

UnscaledChange lora(const AdapterModule& m, const at::Tensor& weight) {
  const at::Tensor up = factor(m, "up", weight);
  at::Tensor down = factor(m, "down", weight);
  const std::int64_t rank = down.size(0);
  if (m.has("mid")) {
    down = as_matrix(at::einsum("nmyx,mi->niyx", {core_tensor(m, "mid", weight), down}));
  }
  return {up.mm(down).reshape(weight.sizes()), rank};
}

void expect_loha(const AdapterModule& m, at::IntArrayRef weight) {
  expect_size(m, product_size(m, "hada_w1_a", "hada_w1_b", "hada_t1"), weight);
  expect_size(m, product_size(m, "hada_w2_a", "hada_w2_b", "hada_t2"), weight);
}

UnscaledChange loha(const AdapterModule& m, const at::Tensor& weight) {
  const at::Tensor first = product_of(m, "hada_w1_a", "hada_w1_b", "hada_t1", weight);
  const at::Tensor second = product_of(m, "hada_w2_a", "hada_w2_b", "hada_t2", weight);
  return {(first * second).reshape(weight.sizes()), m.part("hada_w1_b").size(0)};
}

MatrixSize kronecker_size(const AdapterModule& m, const std::string& name) {
  if (m.has(name)) return matrix_size(m, name);
  return product_size(m, name + "_a", name + "_b", name == "lokr_w2" ? "lokr_t2" : "");
}

at::Tensor kronecker_factor(const AdapterModule& m, const std::string& name,
                            const at::Tensor& weight) {
  if (m.has(name)) return factor(m, name, weight);
  return product_of(m, name + "_a", name + "_b", name == "lokr_w2" ? "lokr_t2" : "", weight);
}

void expect_lokr(const AdapterModule& m, at::IntArrayRef weight) {
  const MatrixSize first = kronecker_size(m, "lokr_w1"), second = kronecker_size(m, "lokr_w2");
  expect_size(m, {product(m, first.rows, second.rows), product(m, first.columns, second.columns)},
              weight);
}

UnscaledChange lokr(const AdapterModule& m, const at::Tensor& weight) {
  // A convolution's kernel is the innermost part of the second factor's columns, so the product of
  // the flattened factors has the weight's order.
  const at::Tensor change =
      at::kron(kronecker_factor(m, "lokr_w1", weight), kronecker_factor(m, "lokr_w2", weight));
  std::int64_t rank = 0;
  for (const char* part : {"lokr_w1_b", "lokr_w2_b"}) {
    if (m.has(part)) rank = m.part(part).size(0);
  }
  return {change.reshape(weight.sizes()), rank};
}

// GLoRA comes in two layouts that differ in which of a pair is tall. The names are those of the
// product outer inner + W up down.
struct GloraParts {
  const char *outer, *inner, *up, *down;
};

GloraParts glora_layout(const AdapterModule& m, at::IntArrayRef weight) {
  const bool original = matrix_size(m, "a2").rows == matrix_size(weight).columns &&
                        matrix_size(m, "b2").rows == matrix_size(weight).rows;
  return original ? GloraParts{"b2", "b1", "a2", "a1"} : GloraParts{"b1", "b2", "a1", "a2"};
}

void expect_glora(const AdapterModule& m, at::IntArrayRef weight) {
  const GloraParts parts = glora_layout(m, weight);
  expect_size(m, product_size(m, parts.outer, parts.inner, ""), weight);
  const MatrixSize mix = product_size(m, parts.up, parts.down, "");
  const std::int64_t columns = matrix_size(weight).columns;
  if (mix.rows != columns || mix.columns != columns) {
    misfit(m, "its 'a1' and 'a2' do not fit a weight with " + std::to_string(columns) + " inputs");
  }
}

UnscaledChange glora(const AdapterModule& m, const at::Tensor& weight) {
  const GloraParts parts = glora_layout(m, weight.sizes());
  const at::Tensor added = product_of(m, parts.outer, parts.inner, "", weight);
  const at::Tensor down = factor(m, parts.down, weight);
  const at::Tensor mixed = as_matrix(weight).mm(factor(m, parts.up, weight)).mm(down);
  return {(added + mixed).reshape(weight.sizes()), down.size(0)};
}

constexpr std::array kLowRankKinds{
    ChangeKind{"LoRA", "up", {"down", "mid"}, expect_lora, lora},
    ChangeKind{"LoHa",
               "hada_w1_a",
               {"hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2"},
               expect_loha,
               loha},
    ChangeKind{
        "LoKr", "lokr_w1", {"lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2"}, expect_lokr, lokr},
    ChangeKind{"LoKr",
               "lokr_w1_a",
               {"lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2"},
               expect_lokr,
               lokr},
    ChangeKind{"GLoRA", "a1", {"a2", "b1", "b2"}, expect_glora, glora},
};

}  // namespace

std::span<const ChangeKind> low_rank_kinds() { return kLowRankKinds; }

}  // namespace sfumato
