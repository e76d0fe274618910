#include "sfumato/tasks/sturdy.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "sfumato/family/network.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tensor/finite.h"
#include "support/random_model.h"
#include "tasks_support.h"

namespace sfumato {
namespace {

// The largest bfloat16; a little more is a float32 still, but no bfloat16.
constexpr double kLargest = 3.38953139e38, kLittle = 1e36;

// The first value of a hidden layer leaves the range of bfloat16, and nothing depends on it.
void overflow_in_bfloat16(torch::nn::Module& module, const std::string& in,
                          const std::string& out) {
  auto parameters = module.named_parameters();
  parameters[in + ".bias"].detach()[0].fill_(kLargest);
  parameters[out + ".weight"].detach().select(1, 0).zero_();
}

// cos and sin of the lowest frequency: together between 1 and 1.3 at every timestep.
Model model_whose_network_overflows() {
  const at::NoGradGuard no_grad;
  Model model = test::random_model("tiny_sd1");
  overflow_in_bfloat16(*model.unet, "time_embed.0", "time_embed.2");
  const at::Tensor row = model.unet->named_parameters()["time_embed.0.weight"].detach()[0].zero_();
  row[7].fill_(kLittle);
  row[15].fill_(kLittle);
  return model;
}

Model model_whose_text_overflows() {
  const at::NoGradGuard no_grad;
  Model model = test::random_model("tiny_sd1");
  torch::nn::Module& encoder = *model.text_encoders[0].module;
  const std::string layer = "text_model.encoder.layers.0.";
  overflow_in_bfloat16(encoder, layer + "mlp.fc1", layer + "mlp.fc2");
  auto parameters = encoder.named_parameters();
  parameters[layer + "layer_norm2.weight"].detach().zero_();
  parameters[layer + "layer_norm2.bias"].detach().fill_(1.0);
  parameters[layer + "mlp.fc1.weight"].detach()[0].fill_(kLittle / 16.0);
  return model;
}

struct NoteLog {
  std::vector<std::string> notes;

  Observer observer() {
    Observer observer;
    observer.on_note = [this](const std::string& line) { notes.push_back(line); };
    return observer;
  }
};

PaintRequest sturdy_request() {
  auto request = test::quick_request<PaintRequest>();
  request.count = request.batch.emplace(2);
  return request;
}

TEST(Sturdy, APictureThatOverflowsWidensNoOther) {
  const at::NoGradGuard no_grad;
  Model model = test::random_model("tiny_sd1");
  overflow_in_bfloat16(*model.unet, "time_embed.0", "time_embed.2");
  // The sine of the lowest frequency: nothing at t = 0.
  model.unet->named_parameters()["time_embed.0.weight"].detach()[0].zero_()[15].fill_(6 * kLittle);
  move_to(model, at::kCPU, at::kBFloat16);
  const at::Tensor x = at::randn({2, 4, 8, 8});
  const at::Tensor t = at::arange(2, at::kLong) * 500;
  const Conditioning both{.context = at::randn({2, 16, 16}), .vector = {}, .concat = {}};
  const Conditioning first{.context = both.context->narrow(0, 0, 1), .vector = {}, .concat = {}};
  const at::Tensor alone = as_network(model)(x.narrow(0, 0, 1), t.narrow(0, 0, 1), first);
  ASSERT_TRUE(all_finite(alone));
  ASSERT_FALSE(all_finite(as_network(model)(x, t, both)));

  NoteLog log;
  const at::Tensor answer = sturdy_network(model, log.observer())(x, t, both);
  EXPECT_TRUE(all_finite(answer));
  EXPECT_TRUE(answer[0].equal(alone[0]));
  EXPECT_EQ(log.notes.size(), 1u);
}

TEST(Sturdy, ANetworkThatOverflowsGoesOnInFloat32) {
  const at::NoGradGuard no_grad;
  Model model = model_whose_network_overflows();
  const at::Tensor x = at::randn({1, 4, 8, 8}), t = at::full({1}, 500, at::kLong);
  const Conditioning cond{.context = at::randn({1, 16, 16}), .vector = {}, .concat = {}};
  const at::Tensor exact = as_network(model)(x, t, cond);
  ASSERT_TRUE(all_finite(exact));

  move_to(model, at::kCPU, at::kBFloat16);
  ASSERT_FALSE(all_finite(as_network(model)(x, t, cond)));
  NoteLog log;
  const Network network = sturdy_network(model, log.observer());
  for (int call = 0; call < 2; ++call) {  // float32, from weights rounded to bfloat16
    const at::Tensor error = (network(x, t, cond) - exact).abs().mean();
    EXPECT_LT(error.item<double>(), 0.1 * exact.abs().mean().item<double>());
  }
  ASSERT_EQ(log.notes.size(), 1u);
  EXPECT_NE(log.notes[0].find("float32"), std::string::npos) << log.notes[0];
}

TEST(Sturdy, PicturesArePaintedAllTheSame) {
  for (Model model : {model_whose_network_overflows(), model_whose_text_overflows()}) {
    NoteLog log;
    const auto wide = text_to_image(model, sturdy_request(), log.observer());
    EXPECT_TRUE(log.notes.empty());
    move_to(model, at::kCPU, at::kBFloat16);
    const auto narrow = text_to_image(model, sturdy_request(), log.observer());
    EXPECT_EQ(narrow.images.size(), 2u);
    EXPECT_EQ(log.notes.size(), 1u);
  }
}

TEST(Sturdy, SaysWhichPartIsBrokenInFloat32) {
  const at::NoGradGuard no_grad;
  const auto broken = [](const std::string& part) {
    Model model = test::random_model("tiny_sd1");
    torch::nn::Module* module = model.text_encoders[0].module.get();
    if (part == "network") module = model.unet.ptr().get();
    module->parameters()[0].detach().fill_(std::nan(""));
    return test::refusal_of([&] { text_to_image(model, sturdy_request()); });
  };
  EXPECT_NE(broken("network").find("denoising network gave NaN"), std::string::npos);
  EXPECT_NE(broken("text").find("text encoder gave NaN"), std::string::npos);
}

TEST(Sturdy, ANetworkIsNotBlamedForItsInput) {
  const at::NoGradGuard no_grad;
  const Model model = test::random_model("tiny_sd1");
  const Network network = sturdy_network(model, {});
  const Conditioning cond{.context = at::randn({1, 16, 16}), .vector = {}, .concat = {}};
  const std::string refusal = test::refusal_of([&] {
    network(at::full({1, 4, 8, 8}, INFINITY), at::full({1}, 500, at::kLong), cond);
  });
  EXPECT_NE(refusal.find("ran away"), std::string::npos) << refusal;
}

}  // namespace
}  // namespace sfumato
