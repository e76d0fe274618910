#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sfumato {

/// Increments of one Brownian path over noise levels, so that a run with other or more steps sees
/// the same noise: the path is found by halving [low, high] again and again and bending each half
/// by a draw of its own, whose seed is a hash of the path's seed and the place in the tree. Number
/// for number the noise of k-diffusion's BrownianTreeNoiseSampler on torchsde's tree, with levels
/// resolved to 1e-6.
class BrownianNoise {
 public:
  /// `source` as make_noise_source; shape of one image, [C, H, W]; low < high.
  BrownianNoise(std::string source, std::uint64_t seed, at::IntArrayRef shape, double low,
                double high);

  /// The increment from `sigma` to `sigma_next`, scaled to unit variance. Levels outside
  /// [low, high] are clamped to it; the two must differ.
  at::Tensor operator()(double sigma, double sigma_next) const;

 private:
  struct Node {
    double begin, end;
    std::uint64_t key, depth;  // the place in the tree
    at::Tensor increment;
  };
  // The increment over [from, to], which lies within the node.
  at::Tensor within(const Node& node, double from, double to) const;
  at::Tensor draw(std::uint64_t seed) const;

  std::string source_;
  std::uint64_t seed_;
  std::vector<std::int64_t> shape_;
  Node root_;
};

}  // namespace sfumato
