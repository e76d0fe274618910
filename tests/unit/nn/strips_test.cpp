#include "sfumato/nn/strips.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>

#include "sfumato/nn/layers.h"
#include "sfumato/nn/resample.h"
#include "sfumato/nn/resnet_block.h"

namespace sfumato::nn {
namespace {

using StripTestLayer = std::function<at::Tensor(const at::Tensor&)>;

// Strips of 16 rows, for maps of [2, 8, 44, 20]: the last one is shorter.
void expect_same_in_strips(const StripTestLayer& layer, bool tiling) {
  const at::NoGradGuard no_grad;
  const TilingGuard continued(tiling);
  const at::Tensor x = at::randn({2, 8, 44, 20});
  const at::Tensor whole = layer(x);
  const StripGuard strips(/*strip_values=*/1, at::kCPU);
  const at::Tensor parts = layer(x);
  ASSERT_EQ(parts.sizes(), whole.sizes());
  EXPECT_TRUE(at::allclose(parts, whole, 1e-4, 1e-5))
      << "tiling " << tiling << ", off by " << (parts - whole).abs().max().item<float>();
}

TEST(Strips, LayersOfAutoencodersComputeTheSame) {
  const InitGuard init(Init::Random, 3);
  ResnetBlock same(8, 8, 4), wider(8, 12, 4);
  Upsample up(8, /*with_conv=*/true);
  AsymmetricDownsample down(8);
  for (const bool tiling : {false, true}) {
    expect_same_in_strips([&](const at::Tensor& x) { return same(x); }, tiling);
    expect_same_in_strips([&](const at::Tensor& x) { return wider(x); }, tiling);
    expect_same_in_strips([&](const at::Tensor& x) { return up(x); }, tiling);
    expect_same_in_strips([&](const at::Tensor& x) { return down(x); }, tiling);
  }
}

// Without its halo a strip would see zeros where its neighbours are.
TEST(Strips, RowsAreComputedFromTheirNeighbours) {
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::arange(40.0).view({1, 1, 40, 1});
  const StripGuard strips(1, at::kCPU);
  int parts = 0;
  const at::Tensor y = run_in_strips(x, {.halo = 1}, [&](const at::Tensor& strip) {
    ++parts;
    const at::Tensor padded = at::constant_pad_nd(strip, {0, 0, 1, 1});
    return padded.narrow(2, 0, strip.size(2)) + padded.narrow(2, 2, strip.size(2));
  });
  EXPECT_EQ(parts, 3);
  for (int row = 0; row < 40; ++row) {
    const double above = row > 0 ? row - 1 : 0, below = row < 39 ? row + 1 : 0;
    EXPECT_EQ(y[0][0][row][0].item<double>(), above + below) << row;
  }
}

TEST(Strips, MomentsOfPartsAreThoseOfTheWhole) {
  const at::Tensor x = at::randn({2, 6, 40, 5}) * 3.0 + 100.0;
  GroupMoments moments;
  moments.add(x.narrow(2, 0, 16), 2);
  moments.add(x.narrow(2, 16, 24), 2);
  const at::Tensor weight = at::randn({6}), bias = at::randn({6});
  EXPECT_TRUE(at::allclose(norm_with(moments, x, weight, bias, 1e-6),
                           at::group_norm(x, 2, weight, bias, 1e-6), 1e-3, 1e-3));
}

TEST(Strips, EndWithTheirGuard) {
  { const StripGuard strips(1, at::kCPU); }
  EXPECT_FALSE(in_strips());
}

}  // namespace
}  // namespace sfumato::nn
