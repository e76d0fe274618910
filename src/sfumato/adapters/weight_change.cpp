#include "sfumato/adapters/weight_change.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "sfumato/adapters/weight_change_kinds.h"
#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

const ChangeKind* find_kind(const AdapterModule& module) {
  for (const auto kinds : {low_rank_kinds(), direct_kinds()}) {
    for (const auto& kind : kinds) {
      if (module.has(std::string(kind.marker))) return &kind;
    }
  }
  return nullptr;
}

/// Null when the bias stays as it is.
const at::Tensor* bias_difference(const AdapterModule& module) {
  for (const char* part : {"diff_b", "b_norm"}) {
    if (module.has(part)) return &module.part(part);
  }
  return nullptr;
}

/// The norms that a DoRA gives the rows or columns of the changed weight, or null.
const at::Tensor* norms_of(const AdapterModule& module) {
  for (const char* part : {"dora_scale", "magnitude"}) {
    if (module.has(part)) return &module.part(part);
  }
  return nullptr;
}

/// PEFT's magnitudes always belong to the rows; LyCORIS's are [out, 1, ..] or, older, [1, in, ..].
bool belong_to_rows(const AdapterModule& module, const at::Tensor& norms, at::IntArrayRef weight) {
  return !module.has("dora_scale") || norms.size(0) == weight[0];
}

void expect_norms_fit(const AdapterModule& module, at::IntArrayRef weight) {
  const at::Tensor* norms = norms_of(module);
  if (!norms) return;
  const std::size_t axis = belong_to_rows(module, *norms, weight) ? 0 : 1;
  if (axis < weight.size() && norms->numel() == weight[axis]) return;
  misfit(module, "its norms are " + shape_string(norms->sizes()) + ", the weight is " +
                     shape_string(weight));
}

/// `changed` with its rows, or everything that belongs to one input, brought to the given norms.
at::Tensor rescaled(const AdapterModule& module, const at::Tensor& norms,
                    const at::Tensor& changed) {
  constexpr double kTiny = std::numeric_limits<float>::epsilon();  // a weight of zeros stays zero
  const bool rows = belong_to_rows(module, norms, changed.sizes());
  const at::Tensor turned = rows ? changed : changed.transpose(0, 1);
  const at::Tensor matrix = as_matrix(turned);
  const at::Tensor lengths = matrix.pow(2).sum({1}, /*keepdim=*/true).sqrt() + kTiny;
  const at::Tensor wanted = norms.to(changed.device(), at::kFloat).reshape({-1, 1});
  const at::Tensor result = (matrix * (wanted / lengths)).reshape(turned.sizes());
  return rows ? result : result.transpose(0, 1);
}

double scale_of(const AdapterModule& module, std::int64_t rank) {
  if (module.has("scale")) return module.part("scale").item<double>();
  if (module.has("alpha") && rank > 0) {
    return module.part("alpha").item<double>() / static_cast<double>(rank);
  }
  return 1.0;
}

bool is_read(const ChangeKind& kind, const std::string& part) {
  constexpr std::array<std::string_view, 4> kOfAnyKind{"alpha", "scale", "dora_scale", "magnitude"};
  const auto among = [&](const auto& list) {
    return std::find(list.begin(), list.end(), part) != list.end();
  };
  return part == kind.marker || among(kind.others) || among(kOfAnyKind);
}

}  // namespace

MatrixSize matrix_size(at::IntArrayRef shape) {
  MatrixSize size{shape.empty() ? 1 : shape[0], 1};
  for (std::size_t i = 1; i < shape.size(); ++i) size.columns *= shape[i];
  return size;
}

MatrixSize matrix_size(const AdapterModule& module, const std::string& part) {
  return matrix_size(module.part(part).sizes());
}

at::Tensor as_matrix(const at::Tensor& tensor) {
  const MatrixSize size = matrix_size(tensor.sizes());
  return tensor.reshape({size.rows, size.columns});
}

at::Tensor factor(const AdapterModule& module, const std::string& part, const at::Tensor& weight) {
  return as_matrix(module.part(part).to(weight.device(), at::kFloat));
}

void misfit(const AdapterModule& module, const std::string& what) {
  throw Error(ErrorKind::Corrupt, "module '" + module.name + "': " + what);
}

void expect_size(const AdapterModule& module, MatrixSize made, at::IntArrayRef weight) {
  const MatrixSize size = matrix_size(weight);
  if (made.rows == size.rows && made.columns == size.columns) return;
  misfit(module, "it makes a change of " + shape_string({made.rows, made.columns}) +
                     ", the weight is " + shape_string(weight));
}

std::string adapter_kind(const AdapterModule& module) {
  const ChangeKind* kind = find_kind(module);
  if (!kind) return bias_difference(module) ? "bias" : "";
  if (!norms_of(module)) return std::string(kind->name);
  return kind->name == "LoRA" ? "DoRA" : std::string(kind->name) + " with DoRA";
}

bool changes_weight(const AdapterModule& module) { return find_kind(module) != nullptr; }
bool changes_bias(const AdapterModule& module) { return bias_difference(module) != nullptr; }

std::vector<std::string> unused_keys(const AdapterModule& module) {
  const ChangeKind* kind = find_kind(module);
  std::vector<std::string> keys;
  for (const auto& [name, part] : module.parts) {
    const bool bias = name == "diff_b" || name == "b_norm";
    if (!bias && !(kind && is_read(*kind, name))) keys.push_back(part.key);
  }
  return keys;
}

void expect_fit(const AdapterModule& module, at::IntArrayRef weight,
                const std::optional<at::IntArrayRef>& bias) {
  if (weight.empty()) misfit(module, "the weight is a single number");
  if (const ChangeKind* kind = find_kind(module)) {
    kind->expect_fit(module, weight);
    expect_norms_fit(module, weight);
  }
  const at::Tensor* difference = bias_difference(module);
  if (!difference) return;
  if (!bias) misfit(module, "it changes a bias, the layer has none");
  if (difference->numel() != matrix_size(*bias).rows) {
    misfit(module, "its change of the bias is " + shape_string(difference->sizes()) +
                       ", the bias is " + shape_string(*bias));
  }
}

at::Tensor weight_change(const AdapterModule& module, const at::Tensor& weight, double strength) {
  const ChangeKind* kind = find_kind(module);
  TORCH_INTERNAL_ASSERT(kind);
  const at::Tensor original = weight.to(at::kFloat);
  const UnscaledChange unscaled = kind->change(module, original);
  at::Tensor change = unscaled.change * scale_of(module, unscaled.rank);
  if (const at::Tensor* norms = norms_of(module)) {
    change = rescaled(module, *norms, original + change) - original;
  }
  return change * strength;
}

AdapterModule with_rank(const AdapterModule& module, std::int64_t rank) {
  const ChangeKind* kind = find_kind(module);
  if (!kind || kind->name != "LoRA" || module.has("mid")) return module;
  const at::Tensor up = as_matrix(module.part("up")), down = module.part("down");
  if (down.size(0) <= rank) return module;
  AdapterModule kept = module;
  kept.parts["scale"].tensor = at::scalar_tensor(scale_of(module, down.size(0)), at::kDouble);
  kept.parts["up"].tensor = up.narrow(1, 0, rank);
  kept.parts["down"].tensor = down.narrow(0, 0, rank);
  return kept;
}

at::Tensor bias_change(const AdapterModule& module, double strength) {
  const at::Tensor* difference = bias_difference(module);
  TORCH_INTERNAL_ASSERT(difference);
  return difference->to(at::kFloat).reshape({-1}) * strength;
}

}  // namespace sfumato
