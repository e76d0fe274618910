#include <ATen/ATen.h>

#include "sfumato/ops/packed/packed_weight.h"

// Of a build without oneDNN: LibTorch computes everything, and no weight is ever packed.

namespace sfumato::ops {

bool has_fast_bfloat16() { return false; }

struct PackedWeight::State {};

PackedWeight::PackedWeight() = default;
PackedWeight::~PackedWeight() = default;
PackedWeight::PackedWeight(PackedWeight&&) noexcept = default;
PackedWeight& PackedWeight::operator=(PackedWeight&&) noexcept = default;

std::optional<at::Tensor> PackedWeight::linear(const Operands&) { return std::nullopt; }
std::optional<at::Tensor> PackedWeight::convolution(const Operands&, const Stride&) {
  return std::nullopt;
}
void PackedWeight::keep() {}
void PackedWeight::pack(const at::Tensor&, const std::optional<Stride>&) {}
bool PackedWeight::pack_for(const at::Tensor&, const at::Tensor&, const Stride&) { return false; }
at::Tensor PackedWeight::plain(const at::Tensor& weight) const { return weight.detach().clone(); }
void PackedWeight::unpack(const at::Tensor&) {}

}  // namespace sfumato::ops
