#pragma once

#include <string>
#include <vector>

#include "sfumato/adapters/adapter.h"
#include "sfumato/adapters/module_names.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// Which modules of an adapter change what in a model.
struct AdapterMatch {
  struct Module {
    const AdapterModule* module;  ///< of the adapter, which must outlive this
    AdapterTarget target;
  };
  std::vector<Module> modules;
  std::vector<std::string> unused;  ///< keys of the file without effect, sorted
};

AdapterMatch match_adapter(const Adapter& adapter, const AdapterNames& names);

/// Throws Corrupt, naming the file, the first layer that does not fit and what the adapter seems to
/// be made for, when nothing matches or any shape differs: such an adapter belongs to another base
/// model. `model`: the tensors by name.
void expect_fit(const Adapter& adapter, const AdapterMatch& match, const TensorMap& model);

/// One line: how many layers of which part are changed in which way, and the keys without effect
/// with the nearest names that the model has.
std::string coverage_report(const Adapter& adapter, const AdapterMatch& match,
                            const AdapterNames& names);

/// The base model that the file's metadata name or the widths of its cross-attention give away;
/// "" when neither tells.
std::string made_for(const Adapter& adapter);

}  // namespace sfumato
