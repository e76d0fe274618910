#include "sfumato/adapters/merged_adapters.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "sfumato/adapters/match.h"
#include "sfumato/adapters/weight_change.h"
#include "sfumato/base/error.h"

namespace sfumato {

/// What one module adds to one tensor.
struct MergedAdapters::Change {
  AdapterModule module;  ///< shares the adapter's tensors
  AdapterTarget target;
  double strength;
  bool of_bias;
};

namespace {

void expect_usable_weight(const AdapterUse& use) {
  if (!std::isfinite(use.text_encoder) || !std::isfinite(use.unet)) {
    throw Error(ErrorKind::InvalidArgument, use.adapter->name + ": its weight is not a number");
  }
  if (use.rank && *use.rank < 1) {
    throw Error(ErrorKind::InvalidArgument, use.adapter->name + ": its rank is limited to " +
                                                std::to_string(*use.rank) +
                                                ", at least 1 is needed");
  }
}

}  // namespace

MergedAdapters::MergedAdapters(AdapterNames names, TensorMap model)
    : model_(std::move(model)), names_(std::move(names)) {}

MergedAdapters::Plan MergedAdapters::make_plan(const std::vector<AdapterUse>& uses,
                                               std::vector<std::string>& reports) const {
  Plan plan;
  for (const auto& use : uses) {
    expect_usable_weight(use);
    const AdapterMatch match = match_adapter(*use.adapter, names_);
    expect_fit(*use.adapter, match, model_);
    reports.push_back(coverage_report(*use.adapter, match, names_));
    for (const auto& [module, target] : match.modules) {
      const double strength = target.text_encoder ? use.text_encoder : use.unet;
      if (strength == 0.0) continue;
      Change change{use.rank ? with_rank(*module, *use.rank) : *module, target, strength, false};
      if (changes_weight(*module)) plan[target.weight].push_back(change);
      change.of_bias = true;
      if (changes_bias(*module)) plan[target.bias].push_back(std::move(change));
    }
  }
  return plan;
}

void MergedAdapters::restore_all_but(const Plan& plan) {
  for (auto it = originals_.begin(); it != originals_.end();) {
    const auto original = it++;
    if (plan.contains(original->first)) continue;
    model_.at(original->first).copy_(original->second);
    originals_.erase(original);
  }
}

void MergedAdapters::apply(const Plan& plan) {
  for (const auto& [name, changes] : plan) {
    const at::Tensor& tensor = model_.at(name);
    if (!originals_.contains(name)) {
      originals_[name] =
          tensor.detach().to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
    }
    const at::Tensor original = originals_.at(name).to(tensor.device(), at::kFloat);
    const at::Tensor sum = original.clone();
    for (const auto& change : changes) {
      const at::Tensor difference =
          change.of_bias
              ? bias_change(change.module, change.strength)
              : weight_change(change.module, part_of(original, change.target), change.strength);
      part_of(sum, change.target).add_(difference.to(sum.device()));
    }
    tensor.copy_(sum);
  }
}

const std::vector<std::string>& MergedAdapters::set(std::vector<AdapterUse> uses) {
  if (uses == uses_) return reports_;
  const at::NoGradGuard no_grad;
  std::vector<std::string> reports;
  const Plan plan = make_plan(uses, reports);

  // From here on weights are written; until all of them are, the way back is to the original ones.
  struct Undo {
    MergedAdapters& merged;
    bool wanted = true;
    ~Undo() {
      if (wanted) merged.restore_all_but({});
    }
  } undo{*this};
  uses_.clear();
  reports_.clear();
  restore_all_but(plan);
  apply(plan);
  undo.wanted = false;
  uses_ = std::move(uses);
  reports_ = std::move(reports);
  return reports_;
}

}  // namespace sfumato
