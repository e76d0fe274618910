#include "sfumato/tensor/random/noise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/tensor/random/torch_cpu.h"
#include "sfumato/tensor/random/variation.h"

namespace sfumato {
namespace {

class EverySource : public ::testing::TestWithParam<const char*> {};

TEST_P(EverySource, RepeatsWithItsSeedOnly) {
  const std::vector<int64_t> shape{4, 8, 8};
  const auto a = make_noise_source(GetParam(), 42), b = make_noise_source(GetParam(), 42);
  const auto other = make_noise_source(GetParam(), 43);
  const at::Tensor first = a(shape);
  EXPECT_TRUE(at::equal(first, b(shape)));
  EXPECT_FALSE(at::equal(first, other(shape)));
  EXPECT_FALSE(at::equal(first, a(shape))) << "the stream goes on";
  EXPECT_EQ(first.scalar_type(), at::kFloat);
}

TEST_P(EverySource, IsStandardNormal) {
  const at::Tensor x = make_noise_source(GetParam(), 7)({100000}).to(at::kDouble);
  EXPECT_NEAR(x.mean().item<double>(), 0.0, 0.015);
  EXPECT_NEAR(x.std().item<double>(), 1.0, 0.01);
  EXPECT_NEAR(x.pow(4).mean().item<double>(), 3.0, 0.15);
  EXPECT_TRUE(x.isfinite().all().item<bool>());
}

TEST_P(EverySource, DrawingInChunksIsAnotherStream) {
  const auto whole = make_noise_source(GetParam(), 1), parts = make_noise_source(GetParam(), 1);
  const at::Tensor once = whole({40});
  const at::Tensor twice = at::cat({parts({20}), parts({20})});
  EXPECT_FALSE(at::equal(once, twice));
}

TEST_P(EverySource, MayDrawNothing) {
  EXPECT_EQ(make_noise_source(GetParam(), 1)({0, 4}).numel(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, EverySource, ::testing::Values("torch_cpu", "philox"));

TEST(TorchCpuNoise, DrawsWhatThisLibTorchDraws) {
  for (const std::uint64_t seed : {0ull, 42ull, 4294967297ull}) {
    auto theirs = at::make_generator<at::CPUGeneratorImpl>(seed);
    TorchCpuGenerator ours(seed);
    for (const int64_t size : {1, 3, 15, 16, 17, 40, 5, 4096}) {
      const at::Tensor want = at::randn({size}, theirs, at::kFloat);
      EXPECT_TRUE(at::allclose(ours.randn({size}), want, 1e-5, 1e-5)) << seed << " x " << size;
    }
    EXPECT_TRUE(at::equal(ours.rand({5}), at::rand({5}, theirs, at::kFloat)));
    EXPECT_TRUE(
        at::equal(ours.randint(0, 1000, {6}), at::randint(0, 1000, {6}, theirs, at::kLong)));
  }
}

TEST(TorchCpuNoise, RefusesAnEmptyRange) {
  EXPECT_THROW(TorchCpuGenerator(1).randint(5, 5, {2}), Error);
}

TEST(MakeNoiseSource, NamesTheAlternatives) {
  try {
    make_noise_source("cuda", 1);
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_NE(e.hint().find("philox"), std::string::npos);
  }
}

TEST(Slerp, KeepsTheStrengthOfTheNoise) {
  const at::Tensor a = torch_cpu_noise(1)({4, 32, 32}), b = torch_cpu_noise(2)({4, 32, 32});
  EXPECT_TRUE(at::allclose(slerp(0.0, a, b), a, 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(slerp(1.0, a, b), b, 1e-4, 1e-5));
  EXPECT_NEAR(slerp(0.5, a, b).std().item<double>(), 1.0, 0.05);
}

TEST(ImageNoise, KeepsTheCentreAtAnotherSize) {
  ImageNoise small({.seed = 3}, {4, 8, 8});
  ImageNoiseOptions options{.seed = 3};
  options.resize_from = {8, 8};
  ImageNoise large(options, {4, 8, 12});
  EXPECT_TRUE(at::equal(large.next().narrow(2, 2, 8), small.next()));
}

TEST(ImageNoise, SeedDeltaChangesOnlyTheLaterDraws) {
  ImageNoise plain({.seed = 3}, {4, 8, 8}), shifted({.seed = 3, .seed_delta = 100}, {4, 8, 8});
  EXPECT_TRUE(at::equal(plain.next(), shifted.next()));
  EXPECT_FALSE(at::equal(plain.next(), shifted.next()));
}

}  // namespace
}  // namespace sfumato
