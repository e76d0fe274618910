#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sfumato/adapters/adapter.h"
#include "sfumato/adapters/module_names.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// An adapter at work. Strength 0 leaves that part of the model alone, a negative one subtracts.
struct AdapterUse {
  std::shared_ptr<const Adapter> adapter;
  double text_encoder = 1.0, unet = 1.0;
  std::optional<std::int64_t> rank{};  ///< only so many of a LoRA's directions, >= 1

  bool operator==(const AdapterUse&) const = default;
};

/// A model's weights with adapters merged into them.
///
/// Every merge starts from the original weights, which are kept, on the CPU and in the model's own
/// type, for as long as an adapter changes them: taking an adapter out again restores every bit,
/// and no sequence of changes drifts, which subtracting a rounded change would. The cost is memory
/// for the changed tensors only (attention projections, for most adapters); reading them anew from
/// the checkpoint would cost none but would bind a model to its file. Several adapters add up their
/// changes of the original weights, so their order does not matter.
///
/// Each change is computed in float32 and rounded once, to the model's type.
class MergedAdapters {
 public:
  /// `model`: its tensors by their checkpoint names, sharing its storage; nothing is changed yet. A
  /// map of tensors that belong to no model serves to bake adapters into a checkpoint.
  MergedAdapters(AdapterNames names, TensorMap model);

  /// Makes the weights those of the original with `uses`; does nothing when they are so already.
  /// Returns one line per adapter: what it changes and which of its tensors have no effect. Throws
  /// Corrupt when an adapter does not fit, and changes nothing then. If the merging itself fails
  /// (no memory), the weights are the original ones, without adapters.
  const std::vector<std::string>& set(std::vector<AdapterUse> uses);

  const std::vector<AdapterUse>& uses() const { return uses_; }
  const AdapterNames& names() const { return names_; }

 private:
  struct Change;
  using Plan = std::map<std::string, std::vector<Change>>;

  Plan make_plan(const std::vector<AdapterUse>& uses, std::vector<std::string>& reports) const;
  void apply(const Plan& plan);
  void restore_all_but(const Plan& plan);

  TensorMap model_, originals_;
  AdapterNames names_;
  std::vector<AdapterUse> uses_;
  std::vector<std::string> reports_;
};

}  // namespace sfumato
