#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// How many blocks of a U-Net have a weight of their own: IN00 .. IN11, M00, OUT00 .. OUT11.
inline constexpr std::size_t kMergeBlocks = 25;

/// How much of the other checkpoint a merge takes.
struct MergeWeights {
  double alpha = 0.5;
  /// Empty, or kMergeBlocks numbers that replace alpha within the U-Net.
  std::vector<double> blocks{};
  std::string unet = "model.diffusion_model.";  ///< prefix of its tensors

  double of(const std::string& tensor) const;
};

/// The block that a U-Net's tensor, named without prefix, belongs to. What lies before the blocks
/// (time_embed, label_emb) counts as IN00, what lies behind them (out) as OUT11. Nothing for other
/// names. Source: the A1111 extension sdweb-merge-block-weighted-gui, which named the 25.
std::optional<std::size_t> merge_block(std::string_view name);

/// "1, 0.9, ..." with commas or blanks between. Throws InvalidArgument unless it is kMergeBlocks
/// finite numbers.
std::vector<double> parse_merge_blocks(std::string_view text);

/// A checkpoint's tensors and its name for messages.
struct NamedTensors {
  const TensorMap& tensors;
  std::string name;
};

/// (1 - alpha) a + alpha b for every tensor of `a`, computed in float32 and stored in its type.
/// Whole numbers are a's; what only `b` has is left out. Throws Corrupt, before anything is
/// computed, when a tensor is missing in `b` or of another shape there.
TensorMap weighted_sum(const NamedTensors& a, const NamedTensors& b, const MergeWeights& weights);

/// a + alpha (b - c): what training made of `c` to become `b`, added to another model.
TensorMap add_difference(const NamedTensors& a, const NamedTensors& b, const NamedTensors& c,
                         const MergeWeights& weights);

}  // namespace sfumato
