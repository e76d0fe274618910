#include "sfumato/checkpoint/merge_checkpoints.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

constexpr std::size_t kSideBlocks = 12;
constexpr std::size_t kMiddle = kSideBlocks;

/// The number behind `beginning`, below kSideBlocks.
std::optional<std::size_t> number_after(std::string_view name, std::string_view beginning) {
  if (!name.starts_with(beginning)) return std::nullopt;
  std::size_t number = 0;
  const auto read =
      std::from_chars(name.data() + beginning.size(), name.data() + name.size(), number);
  if (read.ec != std::errc() || number >= kSideBlocks) return std::nullopt;
  return number;
}

void expect_fit(const NamedTensors& a, const NamedTensors& other) {
  for (const auto& [name, tensor] : a.tensors) {
    if (!tensor.is_floating_point()) continue;
    const auto found = other.tensors.find(name);
    if (found == other.tensors.end()) {
      throw Error(ErrorKind::Corrupt,
                  other.name + ": no tensor '" + name + "', which " + a.name + " has",
                  "only models of one family can be merged");
    }
    if (found->second.sizes() != tensor.sizes()) {
      throw Error(ErrorKind::Corrupt,
                  other.name + ": tensor '" + name + "' is " + shape_string(found->second.sizes()) +
                      ", in " + a.name + " it is " + shape_string(tensor.sizes()),
                  "only models of one family can be merged");
    }
  }
}

at::Tensor in_float(const at::Tensor& tensor) { return tensor.detach().to(at::kFloat); }

void expect_finite(const at::Tensor& tensor, const std::string& name) {
  // One pass without a mask; only a sum that is not finite needs the exact look.
  if (std::isfinite(tensor.sum(at::kFloat).item<float>())) return;
  if (at::isfinite(tensor).all().item<bool>()) return;
  throw Error(ErrorKind::Corrupt, "merging gives NaN or infinite values in tensor '" + name + "'",
              "look for the damaged file with 'sfumato inspect', or take a smaller alpha");
}

/// `mixed(name, tensor)` of every tensor of real numbers, in its type.
template <class Mixed>
TensorMap merge(const TensorMap& a, Mixed mixed) {
  TensorMap merged;
  for (const auto& [name, tensor] : a) {
    if (!tensor.is_floating_point()) {
      merged[name] = tensor;
      continue;
    }
    merged[name] = mixed(name, in_float(tensor)).to(tensor.scalar_type());
    expect_finite(merged[name], name);
  }
  return merged;
}

}  // namespace

std::optional<std::size_t> merge_block(std::string_view name) {
  if (const auto in = number_after(name, "input_blocks.")) return *in;
  if (name.starts_with("middle_block.")) return kMiddle;
  if (const auto out = number_after(name, "output_blocks.")) return kMiddle + 1 + *out;
  if (name.starts_with("time_embed.") || name.starts_with("label_emb.")) return 0;
  if (name.starts_with("out.")) return kMergeBlocks - 1;
  return std::nullopt;
}

double MergeWeights::of(const std::string& tensor) const {
  if (blocks.empty() || !tensor.starts_with(unet)) return alpha;
  const auto block = merge_block(std::string_view(tensor).substr(unet.size()));
  return block ? blocks.at(*block) : alpha;
}

std::vector<double> parse_merge_blocks(std::string_view text) {
  const auto fail = [](const std::string& found) {
    throw Error(
        ErrorKind::InvalidArgument,
        "block weights: expected " + std::to_string(kMergeBlocks) + " numbers, found " + found,
        "IN00 to IN11, M00, OUT00 to OUT11, with commas between");
  };
  std::vector<double> numbers;
  for (std::size_t at = 0; (at = text.find_first_not_of(", \t\n", at)) != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(", \t\n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    double number = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
    if (read.ec != std::errc() || read.ptr != word.data() + word.size() || !std::isfinite(number)) {
      fail("'" + std::string(word) + "'");
    }
    numbers.push_back(number);
    at = end;
  }
  if (numbers.size() != kMergeBlocks) fail(std::to_string(numbers.size()));
  return numbers;
}

TensorMap weighted_sum(const NamedTensors& a, const NamedTensors& b, const MergeWeights& weights) {
  expect_fit(a, b);
  return merge(a.tensors, [&](const std::string& name, const at::Tensor& tensor) {
    const double alpha = weights.of(name);
    return tensor * (1.0 - alpha) + in_float(b.tensors.at(name)) * alpha;
  });
}

TensorMap add_difference(const NamedTensors& a, const NamedTensors& b, const NamedTensors& c,
                         const MergeWeights& weights) {
  expect_fit(a, b);
  expect_fit(a, c);
  return merge(a.tensors, [&](const std::string& name, const at::Tensor& tensor) {
    const at::Tensor difference = in_float(b.tensors.at(name)) - in_float(c.tensors.at(name));
    return tensor + difference * weights.of(name);
  });
}

}  // namespace sfumato
