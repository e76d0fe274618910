#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <string>
#include <vector>

#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

struct LoadReport {
  struct Misshapen {
    std::string name;
    std::vector<int64_t> in_file, in_model;
  };
  std::vector<std::string> missing;     ///< in the model, not in the file
  std::vector<std::string> unexpected;  ///< in the file, not in the model
  std::vector<Misshapen> misshapen;

  bool clean() const { return missing.empty() && unexpected.empty() && misshapen.empty(); }
};

/// All parameters and buffers of a module by their dotted names (they share storage with it).
TensorMap tensors_of(const torch::nn::Module& model);

/// The tensors whose name starts with `prefix`, without it.
TensorMap with_prefix_removed(const TensorMap& tensors, const std::string& prefix);

/// Compares names and shapes without touching the model.
LoadReport compare(const torch::nn::Module& model, const TensorMap& tensors);
LoadReport compare(const TensorMap& model, const TensorMap& tensors);

/// Copies every tensor into the parameter or buffer of the same name (dtype and device
/// of the model win). All or nothing: throws Corrupt before the first copy if anything differs.
void load_into(torch::nn::Module& model, const TensorMap& tensors);
/// The same for a model of several modules, given as all their tensors (which share its storage).
void load_into(const TensorMap& model, const TensorMap& tensors);
/// The same for tensors that nobody needs afterwards, and a model without memory of its own (see
/// tensor/hollow.h). Each is let go of as soon as the model has it, so that its pages of the file,
/// or its memory, are not held beside the model's; then `on_moved` is told its name. One with
/// memory of its own, of the model's dtype and device, is not even copied. Throws Corrupt for NaN
/// or infinite values and Unsupported for those too large for the model's dtype; the model is of no
/// use then.
void move_into(
    const TensorMap& model, TensorMap tensors,
    const std::function<void(const std::string& name)>& on_moved = [](const std::string&) {});

}  // namespace sfumato
