#include "sfumato/nn/layers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/nn/register_path.h"
#include "sfumato/nn/res_block.h"
#include "sfumato/nn/timestep_embedding.h"

namespace sfumato::nn {
namespace {

TEST(InitGuard, SameSeedSameWeights) {
  const auto weight = [](std::uint64_t seed) {
    InitGuard guard(Init::Random, seed);
    return Conv2d(3, 4, 3)->weight.detach();
  };
  EXPECT_TRUE(at::equal(weight(5), weight(5)));
  EXPECT_FALSE(at::equal(weight(5), weight(6)));
}

TEST(InitGuard, MetaLayersHaveShapesButNoMemory) {
  InitGuard guard(Init::Meta);
  const Linear huge(1 << 20, 1 << 20);  // 4 TiB if it were real
  EXPECT_TRUE(huge->weight.is_meta());
  EXPECT_EQ(huge->weight.sizes(), at::IntArrayRef({1 << 20, 1 << 20}));
}

TEST(InitGuard, EndsWithItsScope) {
  { InitGuard guard(Init::Meta); }
  EXPECT_FALSE(Linear(2, 2)->weight.is_meta());
}

TEST(Norms, ReturnTheDtypeOfTheInput) {
  const auto x = at::randn({2, 4, 3, 3}).to(at::kBFloat16);
  EXPECT_EQ(GroupNorm(2, 4, 1e-5)(x).scalar_type(), at::kBFloat16);
  EXPECT_EQ(LayerNorm(3)(x).scalar_type(), at::kBFloat16);
}

TEST(RegisterPath, GivesDottedNamesAndSharesInnerNodes) {
  torch::nn::Module root;
  register_path(root, "ff.net.0.proj", Linear(2, 3));
  register_path(root, "ff.net.2", Linear(3, 2));
  std::vector<std::string> names;
  for (const auto& p : root.named_parameters()) names.push_back(p.key());
  EXPECT_EQ(names, (std::vector<std::string>{"ff.net.0.proj.weight", "ff.net.0.proj.bias",
                                             "ff.net.2.weight", "ff.net.2.bias"}));
}

TEST(TimestepEmbedding, CosinesComeFirst) {
  const auto e = timestep_embedding(at::tensor({0, 500}), 8);
  EXPECT_EQ(e.sizes(), at::IntArrayRef({2, 8}));
  EXPECT_TRUE(at::equal(e[0], at::tensor({1.f, 1.f, 1.f, 1.f, 0.f, 0.f, 0.f, 0.f})));
  EXPECT_NEAR(e[1][0].item<float>(), std::cos(500.0), 1e-4);
  EXPECT_NEAR(e[1][4].item<float>(), std::sin(500.0), 1e-4);
}

// Its last convolution starts at zero, so an untrained block passes its input through.
TEST(ResBlock, StartsAsTheIdentity) {
  ResBlock block(
      ResBlockConfig{.in_channels = 8, .out_channels = 8, .emb_channels = 16, .groups = 4});
  const auto x = at::randn({1, 8, 4, 4});
  EXPECT_TRUE(at::equal(block(x, at::randn({1, 16})), x));
}

TEST(ResBlock, ResamplesWhenAsked) {
  using Resample = ResBlockConfig::Resample;
  const auto size = [](Resample resample) {
    ResBlock block(ResBlockConfig{.in_channels = 4,
                                  .out_channels = 6,
                                  .emb_channels = 8,
                                  .scale_shift_norm = true,
                                  .resample = resample,
                                  .groups = 2});
    return block(at::randn({1, 4, 4, 6}), at::randn({1, 8})).sizes().vec();
  };
  EXPECT_EQ(size(Resample::Up), (std::vector<int64_t>{1, 6, 8, 12}));
  EXPECT_EQ(size(Resample::Down), (std::vector<int64_t>{1, 6, 2, 3}));
}

TEST(TilingGuard, ConvolutionsDoNotKnowWhereTheEdgeIs) {
  const InitGuard init(Init::Random, 3);
  Conv2d conv(2, 3, 3);
  const at::Tensor x = at::randn({1, 2, 6, 8});
  const auto rolled = [](const at::Tensor& t) { return t.roll({1, 3}, {2, 3}); };
  EXPECT_FALSE(at::allclose(conv(rolled(x)), rolled(conv(x)), 1e-5, 1e-5));
  {
    const TilingGuard tiling(true);
    EXPECT_TRUE(at::allclose(conv(rolled(x)), rolled(conv(x)), 1e-5, 1e-5));
  }
  EXPECT_FALSE(at::allclose(conv(rolled(x)), rolled(conv(x)), 1e-5, 1e-5));
}

// What a layer gives for a picture alone and among others, bit for bit.
template <class Layer>
void expect_independent(Layer layer, at::IntArrayRef shape, const std::string& what) {
  const at::NoGradGuard no_grad;
  std::vector<int64_t> sizes{16};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  const at::Tensor x = at::randn(sizes);
  const at::Tensor all = layer(x);
  for (const int64_t count : {1, 2, 5}) {
    const at::Tensor some = layer(x.narrow(0, 3, count));
    EXPECT_TRUE(some.equal(all.narrow(0, 3, count))) << what << " " << shape << ", " << count;
  }
}

TEST(Layers, SamplesDoNotDependOnTheirNeighbours) {
  for (const int64_t width : {16, 64, 128, 320}) {
    for (const int64_t tokens : {1, 7, 64}) {
      expect_independent(Linear(width, 3 * width), {tokens, width}, "linear");
    }
    expect_independent(Linear(width, 2 * width), {width}, "linear");
    for (const int64_t side : {4, 8, 16}) {
      expect_independent(Conv2d(width, width, 3), {width, side, side}, "3x3");
      expect_independent(Conv2d(width, 4, 3), {width, side, side}, "3x3 to 4");
      expect_independent(Conv2d(width, 2 * width, 1), {width, side, side}, "1x1");
    }
    expect_independent(Conv2d(4, width, 3), {4, 16, 16}, "3x3 of 4");
    expect_independent(Conv2d(width, width, 3, Conv2dImpl::Options{.stride = 2}), {width, 16, 16},
                       "stride 2");
  }
}

// A streamed weight is in memory only within forward(), and back after unpack().
TEST(Layers, AreStreamedWithoutLosingABit) {
  const at::NoGradGuard no_grad;
  Linear linear(24, 40);
  Conv2d conv(8, 8, 3);
  const at::Tensor x = at::randn({2, 5, 24}), picture = at::randn({1, 8, 6, 6});
  const at::Tensor y = linear(x), map = conv(picture);
  int fetched = 0;
  const auto stream = [&fetched](ProductLayer& layer) {
    layer.stream([&fetched, stored = layer.weight.detach().clone()] {
      ++fetched;
      return stored.clone();
    });
    layer.keep_packed();
  };
  const at::Tensor before = linear->weight.detach().clone();
  stream(*linear);
  stream(*conv);
  EXPECT_TRUE(linear->weight.isnan().all().item<bool>());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(linear(x).equal(y));
    EXPECT_TRUE(conv(picture).equal(map));
  }
  EXPECT_EQ(fetched, 4);
  linear->unpack();
  EXPECT_TRUE(linear->weight.equal(before));
  EXPECT_TRUE(linear(x).equal(y));
  EXPECT_EQ(fetched, 5);
}

// Whoever asks for gradients, after sampling has packed the weights, finds them as they were.
TEST(Layers, ArePlainAgainWhereGradientsAreWanted) {
  Linear linear(24, 40);
  Conv2d conv(8, 8, 3);
  PointwiseConv1d pointwise(24, 40);
  const at::Tensor x = at::randn({2, 5, 24}), picture = at::randn({1, 8, 6, 6});
  const at::Tensor before = pointwise->weight.detach().clone();
  {
    const at::NoGradGuard no_grad;
    keep_packed(*linear.ptr());
    keep_packed(*conv.ptr());
    keep_packed(*pointwise.ptr());
    linear(x), conv(picture), pointwise(x);
  }
  for (const auto& y : {linear(x), conv(picture), pointwise(x)}) {
    EXPECT_TRUE(at::isfinite(y).all().item<bool>());
    y.sum().backward();
  }
  EXPECT_TRUE(pointwise->weight.equal(before));
  EXPECT_TRUE(linear->weight.grad().defined());
}

}  // namespace
}  // namespace sfumato::nn
