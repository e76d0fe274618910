#include "sfumato/tensor/random/brownian.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/tensor/random/noise.h"
#include "sfumato/tensor/random/seed_sequence.h"

namespace sfumato {
namespace {

constexpr int kPoolSize = 24;  // of torchsde.BrownianTree

// To six decimals, as Python's round: through the decimal expansion, exact ties to even.
double rounded(double sigma) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.6f", sigma);
  return std::strtod(text.data(), nullptr);
}

}  // namespace

BrownianNoise::BrownianNoise(std::string source, std::uint64_t seed, at::IntArrayRef shape,
                             double low, double high)
    : source_(std::move(source)), seed_(seed), shape_(shape.vec()) {
  if (!(low >= 0.0 && low < high && high < 1e9)) {
    throw Error(ErrorKind::InvalidArgument, "Brownian noise: levels must rise from 0 on, got " +
                                                std::to_string(low) + " and " +
                                                std::to_string(high));
  }
  const auto words = seed_sequence(seed_, {}, kPoolSize, 3);
  root_ = {.begin = rounded(low),
           .end = rounded(high),
           .key = 0,
           .depth = 0,
           .increment = draw(words[0]) * std::sqrt(high - low)};
}

at::Tensor BrownianNoise::draw(std::uint64_t seed) const {
  return make_noise_source(source_, seed)(shape_);
}

at::Tensor BrownianNoise::within(const Node& node, double from, double to) const {
  if (from == node.begin && to == node.end) return node.increment;
  const double middle = rounded(0.5 * (node.begin + node.end));
  if (middle <= node.begin || middle >= node.end) return node.increment;  // too short to halve

  const std::array<std::uint64_t, 2> place{node.key, node.depth};
  const auto words = seed_sequence(seed_, place, kPoolSize, 4);
  const double before = middle - node.begin, after = node.end - middle;
  const double share = 1.0 / (node.end - node.begin);
  const at::Tensor mean = before * node.increment * share;
  const at::Tensor first = mean + std::sqrt(before * after * share) * draw(words[0]);

  const auto left = [&] { return Node{node.begin, middle, 2 * node.key, node.depth + 1, first}; };
  const auto right = [&] {
    return Node{middle, node.end, 2 * node.key + 1, node.depth + 1, node.increment - first};
  };
  if (to <= middle) return within(left(), from, to);
  if (from >= middle) return within(right(), from, to);
  return within(left(), from, middle) + within(right(), middle, to);
}

at::Tensor BrownianNoise::operator()(double sigma, double sigma_next) const {
  const double low = std::min(sigma, sigma_next), high = std::max(sigma, sigma_next);
  const double from = rounded(std::clamp(low, root_.begin, root_.end));
  const double to = rounded(std::clamp(high, root_.begin, root_.end));
  if (!(from < to)) {
    throw Error(ErrorKind::InvalidArgument, "Brownian noise: no way from " + std::to_string(sigma) +
                                                " to " + std::to_string(sigma_next));
  }
  const double sign = sigma < sigma_next ? 1.0 : -1.0;
  return within(root_, from, to) * (sign / std::sqrt(high - low));
}

}  // namespace sfumato
