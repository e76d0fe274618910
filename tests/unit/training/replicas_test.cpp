#include "sfumato/training/replicas.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include "sfumato/nn/init.h"
#include "sfumato/nn/layers.h"

namespace sfumato {
namespace {

// Two layers and one input beside the pictures, as a denoiser has its timesteps.
struct TinyNetwork : torch::nn::Module {
  explicit TinyNetwork(std::uint64_t seed) {
    const nn::InitGuard init(nn::Init::Random, seed);
    conv = register_module("conv", nn::Conv2d(3, 8, 3));
    unused = register_module("unused", nn::Linear(2, 2));
  }
  at::Tensor forward(const at::Tensor& x, const at::Tensor& t) {
    return at::tanh(conv(x)) * t.view({-1, 1, 1, 1});
  }
  nn::Conv2d conv{nullptr};
  nn::Linear unused{nullptr};
};

struct Trained {
  std::shared_ptr<TinyNetwork> network;
  Replicas replicas;
};

Trained with_replicas(int count) {
  std::vector<std::shared_ptr<TinyNetwork>> networks;
  std::vector<Replicas::Replica> replicas;
  for (int i = 0; i < count; ++i) {
    auto network = std::make_shared<TinyNetwork>(static_cast<std::uint64_t>(i));
    networks.push_back(network);
    replicas.push_back({network, [network](const std::vector<at::Tensor>& inputs) {
                          return network->forward(inputs[0], inputs[1]);
                        }});
  }
  return {networks.front(), Replicas(std::move(replicas))};
}

struct Result {
  at::Tensor output, gradient;
};

Result one_step(Trained& trained, std::int64_t batch) {
  at::manual_seed(1);
  const at::Tensor x = at::randn({batch, 3, 6, 5}), t = at::rand({batch});
  const at::Tensor output = trained.replicas.forward({x, t});
  output.square().mean().backward();
  EXPECT_FALSE(trained.network->unused->weight.grad().defined());
  return {output.detach(), trained.network->conv->weight.grad().clone()};
}

TEST(Replicas, ComputeWhatOneNetworkComputes) {
  for (const std::int64_t batch : {3, 4, 7}) {
    auto one = with_replicas(1), three = with_replicas(3);
    const Result a = one_step(one, batch), b = one_step(three, batch);
    EXPECT_TRUE(at::allclose(a.output, b.output, 1e-6, 1e-6)) << batch;
    EXPECT_TRUE(at::allclose(a.gradient, b.gradient, 1e-5, 1e-7)) << batch;
  }
}

TEST(Replicas, FollowTheWeightsOfTheFirst) {
  auto trained = with_replicas(2);
  const Result before = one_step(trained, 4);
  {
    const at::NoGradGuard no_grad;
    trained.network->conv->weight.mul_(0.5);
    trained.network->conv->weight.mutable_grad().reset();
  }
  const Result after = one_step(trained, 4);
  for (const std::int64_t sample : {0, 3}) {
    EXPECT_FALSE(at::allclose(before.output[sample], after.output[sample])) << sample;
  }
}

TEST(Replicas, GradientsOfSeveralStepsAddUpAsUsual) {
  auto trained = with_replicas(2);
  const at::Tensor once = one_step(trained, 4).gradient;
  EXPECT_TRUE(at::allclose(one_step(trained, 4).gradient, 2 * once, 1e-5, 1e-7));
}

TEST(Replicas, GiveTheSameBitsWithAnyNumberOfThreads) {
  const int threads = at::get_num_threads();
  std::vector<Result> results;
  for (const int count : {1, 2}) {
    at::set_num_threads(count);
    auto trained = with_replicas(2);
    results.push_back(one_step(trained, 6));
  }
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(results[0].output, results[1].output));
  EXPECT_TRUE(at::equal(results[0].gradient, results[1].gradient));
}

TEST(Replicas, AnErrorInAThreadReachesTheCaller) {
  auto trained = with_replicas(2);
  EXPECT_ANY_THROW(trained.replicas.forward({at::zeros({4, 5, 6, 6}), at::zeros({4})}));
}

}  // namespace
}  // namespace sfumato
