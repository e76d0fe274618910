#include "sfumato/checkpoint/load_into.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <sstream>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/tensor/convert.h"
#include "sfumato/tensor/finite.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

constexpr std::size_t kListed = 5;

std::string in_words(const LoadReport& report) {
  std::ostringstream out;
  out << "checkpoint does not fit the model: " << report.missing.size() << " missing, "
      << report.misshapen.size() << " misshapen, " << report.unexpected.size() << " unexpected";

  const auto list = [&](const char* label, const auto& items, auto describe) {
    for (std::size_t i = 0; i < std::min(items.size(), kListed); ++i) {
      out << "\n  " << label << describe(items[i]);
    }
    if (items.size() > kListed) {
      out << "\n  " << label << "... and " << items.size() - kListed << " more";
    }
  };
  list("missing    ", report.missing, [&](const std::string& name) {
    const std::string similar = nearest(name, report.unexpected);
    return similar.empty() ? name : name + "  (file has " + similar + ")";
  });
  list("misshapen  ", report.misshapen, [](const LoadReport::Misshapen& m) {
    return m.name + "  file " + shape_string(m.in_file) + ", model " + shape_string(m.in_model);
  });
  list("unexpected ", report.unexpected, [](const std::string& name) { return name; });
  return out.str();
}

// Whether nothing but this tensor is in its memory, and nothing but it holds it.
bool owns_memory(const at::Tensor& tensor) {
  const auto& storage = tensor.storage();
  return storage.resizable() && storage.use_count() == 1 && tensor.is_contiguous() &&
         storage.nbytes() == tensor.nbytes();
}

void expect_finite_values(const std::string& name, const at::Tensor& tensor) {
  if (all_finite(tensor)) return;
  const auto bad = tensor.numel() - at::isfinite(tensor).sum().item<std::int64_t>();
  throw Error(ErrorKind::Corrupt, "tensor '" + name + "' has " + std::to_string(bad) +
                                      " NaN or infinite values of " +
                                      std::to_string(tensor.numel()));
}

void move_one(const std::string& name, const at::Tensor& target, const at::Tensor& source) {
  const bool same = source.scalar_type() == target.scalar_type();
  if (same && source.device() == target.device() && owns_memory(source)) {
    expect_finite_values(name, source);
    target.set_data(source);
    return;
  }
  const Converted moved = converted(source, target.options());
  if (!moved.source_finite) expect_finite_values(name, source);
  if (!moved.finite) {
    const std::string dtype = c10::toString(target.scalar_type());
    throw Error(ErrorKind::Unsupported,
                "tensor '" + name + "' has values beyond the range of " + dtype,
                "use --precision float32");
  }
  target.set_data(moved.values);
}

}  // namespace

TensorMap tensors_of(const torch::nn::Module& model) {
  TensorMap tensors;
  for (const auto& item : model.named_parameters()) tensors[item.key()] = item.value();
  for (const auto& item : model.named_buffers()) tensors[item.key()] = item.value();
  return tensors;
}

TensorMap with_prefix_removed(const TensorMap& tensors, const std::string& prefix) {
  TensorMap result;
  for (auto it = tensors.lower_bound(prefix); it != tensors.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    result.emplace_hint(result.end(), it->first.substr(prefix.size()), it->second);
  }
  return result;
}

LoadReport compare(const torch::nn::Module& model, const TensorMap& tensors) {
  return compare(tensors_of(model), tensors);
}

LoadReport compare(const TensorMap& model, const TensorMap& tensors) {
  LoadReport report;
  for (const auto& [name, tensor] : model) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      report.missing.push_back(name);
    } else if (found->second.sizes() != tensor.sizes()) {
      report.misshapen.push_back({name, found->second.sizes().vec(), tensor.sizes().vec()});
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (!model.contains(name)) report.unexpected.push_back(name);
  }
  return report;
}

void load_into(torch::nn::Module& model, const TensorMap& tensors) {
  load_into(tensors_of(model), tensors);
}

void load_into(const TensorMap& model, const TensorMap& tensors) {
  const LoadReport report = compare(model, tensors);
  if (!report.clean()) throw Error(ErrorKind::Corrupt, in_words(report));
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : model) tensor.copy_(tensors.at(name));
}

void move_into(const TensorMap& model, TensorMap tensors,
               const std::function<void(const std::string&)>& on_moved) {
  const LoadReport report = compare(model, tensors);
  if (!report.clean()) throw Error(ErrorKind::Corrupt, in_words(report));
  const at::NoGradGuard no_grad;
  for (const auto& [name, target] : model) {
    {
      const auto source = tensors.extract(name);
      move_one(name, target, source.mapped());
    }
    on_moved(name);
  }
}

}  // namespace sfumato
