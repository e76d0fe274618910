#include "sfumato/checkpoint/diffusers_convert.h"

#include <ATen/ATen.h>

#include <array>
#include <map>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using Thirds = std::array<at::Tensor, 3>;

constexpr int kOpenClipHLayers = 24;

std::set<std::string> names_of(const TensorMap& tensors) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) names.insert(name);
  return names;
}

at::Tensor joined(const Thirds& thirds, const std::string& where) {
  for (const auto& third : thirds) {
    if (!third.defined() || third.dim() == 0 || third.sizes() != thirds[0].sizes() ||
        third.scalar_type() != thirds[0].scalar_type()) {
      throw Error(ErrorKind::Corrupt,
                  where + ": query, key and value are incomplete or of different shapes");
    }
  }
  return at::cat({thirds[0], thirds[1], thirds[2]}, 0);
}

at::Tensor into_single(const at::Tensor& tensor, NameChange change) {
  if (tensor.dim() != 2) return tensor;  // as it is: a wrong shape is reported by name later
  if (change == NameChange::Squeeze) return tensor.unsqueeze(-1).unsqueeze(-1);
  if (change == NameChange::Transpose) return tensor.t().contiguous();
  return tensor;
}

at::Tensor into_folder(const at::Tensor& tensor, const RenamedTensor& renamed) {
  switch (renamed.change) {
    case NameChange::None:
      return tensor;
    case NameChange::Squeeze:
      return tensor.dim() == 4 ? tensor.flatten(1) : tensor;
    case NameChange::Transpose:
      return tensor.dim() == 2 ? tensor.t().contiguous() : tensor;
    case NameChange::Third: {
      const std::int64_t rows = tensor.dim() > 0 ? tensor.size(0) / 3 : 0;
      return tensor.narrow(0, renamed.third * rows, rows).contiguous();
    }
  }
  return tensor;
}

bool is_text_tower(DiffusersPart part) {
  return part == DiffusersPart::OpenClipText || part == DiffusersPart::OpenClipPenultimate;
}

void expect_three_parts(const at::Tensor& tensor, const std::string& where) {
  if (tensor.dim() > 0 && tensor.size(0) % 3 == 0) return;
  throw Error(ErrorKind::Corrupt, where + ": its rows are not query, key and value");
}

}  // namespace

TensorMap to_single_file(DiffusersPart part, const TensorMap& folder, const std::string& name) {
  const auto names = DiffusersNames::of_folder(part, names_of(folder));
  TensorMap single;
  std::map<std::string, Thirds> thirds;
  for (const auto& [folder_name, tensor] : folder) {
    const auto renamed = names.in_single_file(folder_name);
    if (!renamed) {
      single[folder_name] = tensor;
    } else if (renamed->change == NameChange::Third) {
      thirds[renamed->name][static_cast<std::size_t>(renamed->third)] = tensor;
    } else {
      single[renamed->name] = into_single(tensor, renamed->change);
    }
  }
  for (const auto& [single_name, parts] : thirds) {
    single[single_name] = joined(parts, name + ": tensor '" + single_name + "'");
  }
  return single;
}

TensorMap to_folder(DiffusersPart part, const TensorMap& single, const std::string& name) {
  const auto names = DiffusersNames::of_single_file(part, names_of(single));
  TensorMap folder;
  for (const auto& [single_name, tensor] : single) {
    const auto made = names.in_folder(single_name);
    if (made.empty() && is_text_tower(part)) folder[single_name] = tensor;
    for (const auto& renamed : made) {
      if (renamed.change == NameChange::Third) {
        expect_three_parts(tensor, name + ": tensor '" + single_name + "'");
      }
      folder[renamed.name] = into_folder(tensor, renamed);
    }
  }
  return folder;
}

void complete_open_clip(DiffusersPart part, TensorMap& single) {
  single.emplace("logit_scale", at::zeros({}, at::kFloat));
  if (part != DiffusersPart::OpenClipPenultimate) return;
  const auto last = "transformer.resblocks." + std::to_string(kOpenClipHLayers - 2) + ".";
  const auto unused = "transformer.resblocks." + std::to_string(kOpenClipHLayers - 1) + ".";
  for (auto it = single.lower_bound(last); it != single.end(); ++it) {
    if (!it->first.starts_with(last)) break;
    // Nothing is overwritten: a folder that does have the last layer keeps it.
    single.emplace(unused + it->first.substr(last.size()), at::zeros_like(it->second));
  }
  const auto norm = single.find("ln_final.weight");
  if (norm == single.end()) return;
  const std::int64_t width = norm->second.numel();
  single.emplace("text_projection", at::zeros({width, width}, norm->second.options()));
}

}  // namespace sfumato
