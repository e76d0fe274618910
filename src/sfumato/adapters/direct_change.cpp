#include <ATen/ATen.h>

#include <vector>

#include "sfumato/adapters/weight_change_kinds.h"
#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

void expect_full(const AdapterModule& m, at::IntArrayRef weight) {
  expect_size(m, matrix_size(m, "diff"), weight);
}

UnscaledChange full(const AdapterModule& m, const at::Tensor& weight) {
  return {factor(m, "diff", weight).reshape(weight.sizes())};
}

void expect_norm(const AdapterModule& m, at::IntArrayRef weight) {
  expect_size(m, matrix_size(m, "w_norm"), weight);
}

UnscaledChange norm(const AdapterModule& m, const at::Tensor& weight) {
  return {factor(m, "w_norm", weight).reshape(weight.sizes())};
}

/// 0: one number per row (output), 1: per input channel.
std::int64_t ia3_axis(const AdapterModule& m) {
  return m.part("on_input").to(at::kDouble).item<double>() != 0.0;
}

void expect_ia3(const AdapterModule& m, at::IntArrayRef weight) {
  const auto axis = static_cast<std::size_t>(ia3_axis(m));
  const std::int64_t count = m.part("ia3").numel();
  if (axis >= weight.size() || count != weight[axis]) {
    misfit(m, "it scales " + std::to_string(count) + (axis ? " inputs" : " outputs") +
                  ", the weight is " + shape_string(weight));
  }
}

UnscaledChange ia3(const AdapterModule& m, const at::Tensor& weight) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
  shape[static_cast<std::size_t>(ia3_axis(m))] = -1;
  return {weight * factor(m, "ia3", weight).reshape(shape)};
}

void expect_oft(const AdapterModule& m, at::IntArrayRef weight) {
  const auto blocks = m.part("oft_blocks").sizes();
  if (blocks.size() == 4) {
    throw Error(ErrorKind::Unsupported,
                "module '" + m.name + "': butterfly rotations (BOFT) are not supported");
  }
  if (blocks.size() != 3 || blocks[1] != blocks[2] || blocks[0] * blocks[1] != weight[0]) {
    misfit(m,
           "its rotations are " + shape_string(blocks) + ", the weight is " + shape_string(weight));
  }
}

UnscaledChange oft(const AdapterModule& m, const at::Tensor& weight) {
  const at::Tensor blocks = m.part("oft_blocks").to(weight.device(), at::kFloat);
  at::Tensor q = blocks - blocks.transpose(1, 2);
  const double alpha = m.has("alpha") ? m.part("alpha").item<double>() : 0.0;
  if (alpha > 0.0) {
    // The trainer keeps the rotation small by bounding the norm of Q over all blocks.
    const double length = q.norm().item<double>();
    const double most = alpha * static_cast<double>(weight.size(0));
    if (length > most) q = q * (most / length);
  }
  const at::Tensor identity = at::eye(q.size(1), q.options());
  const at::Tensor rotation = at::matmul(identity + q, at::linalg_inv(identity - q));
  const at::Tensor rows = weight.reshape({q.size(0), q.size(1), -1});
  return {at::bmm(rotation.transpose(1, 2), rows).reshape(weight.sizes()) - weight};
}

constexpr std::array kDirectKinds{
    ChangeKind{"full", "diff", {}, expect_full, full},
    ChangeKind{"norm", "w_norm", {}, expect_norm, norm},
    ChangeKind{"IA3", "on_input", {"ia3"}, expect_ia3, ia3},
    ChangeKind{"OFT", "oft_blocks", {}, expect_oft, oft},
};

}  // namespace

std::span<const ChangeKind> direct_kinds() { return kDirectKinds; }

}  // namespace sfumato
