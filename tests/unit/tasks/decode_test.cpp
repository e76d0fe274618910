#include "sfumato/tasks/decode.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "sfumato/family/load_model.h"
#include "sfumato/nn/layers.h"
#include "sfumato/nn/strips.h"
#include "support/random_model.h"
#include "tasks_support.h"

namespace sfumato {
namespace {

// The largest seam that nobody sees, in pixels of [-1, 1].
constexpr double kUnseen = 2.0 / 255.0;

void expect_the_same_in_strips(const Model& model, bool continued) {
  const at::NoGradGuard no_grad;
  const nn::TilingGuard tiling(continued);
  const auto& autoencoder = model.autoencoder;
  const at::Tensor latent = at::randn({1, model.config.latent.channels, 40, 24});
  const at::Tensor whole = autoencoder.decode(latent), encoded = autoencoder.encode(whole);
  const nn::StripGuard strips(/*strip_values=*/1000, at::kCPU);
  const at::Tensor seams = (autoencoder.decode(latent) - whole).abs();
  EXPECT_LT(seams.mean().item<double>(), kUnseen / 100.0) << model.config.family;
  EXPECT_LT(seams.max().item<double>(), kUnseen) << model.config.family;
  EXPECT_TRUE(at::allclose(autoencoder.encode(whole), encoded, 1e-3, 1e-4)) << model.config.family;
}

TEST(Decode, StripsAreTheSamePictureAsTheWhole) {
  for (const char* family : {"tiny_sd1", "tiny_ldm_vq"}) {  // attention in the middle
    for (const bool tiling : {false, true}) {
      expect_the_same_in_strips(test::random_model(family), tiling);
    }
  }
  const std::filesystem::path scenes = SFUMATO_SOURCE_DIR "/models/scenes";
  if (std::filesystem::exists(scenes / "model.safetensors")) {
    expect_the_same_in_strips(load_model(scenes.string(), {}), false);
  }
}

TEST(Decode, GoesStripByStripWhenTold) {
  const at::NoGradGuard no_grad;
  Model model = test::random_model("tiny_sd1");
  const at::Tensor latents = at::randn({2, 4, 16, 16});
  model.autoencoder.tiling = VaeTiling::Off;
  const at::Tensor whole = decode_batch(model, latents), encoded = encode_batch(model, whole);
  EXPECT_EQ(whole.sizes(), at::IntArrayRef({2, 3, 64, 64}));
  EXPECT_TRUE(at::equal(whole.narrow(0, 1, 1), decode_batch(model, latents.narrow(0, 1, 1))));
  model.autoencoder.tiling = VaeTiling::On;
  EXPECT_TRUE(at::allclose(decode_batch(model, latents), whole, 1e-3, 1e-4));
  EXPECT_TRUE(at::allclose(encode_batch(model, whole), encoded, 1e-3, 1e-4));
}

struct DecodeLog {
  std::vector<std::string> notes;
  std::vector<at::Tensor> kept;

  Observer observer() {
    Observer observer;
    observer.on_note = [this](const std::string& line) { notes.push_back(line); };
    observer.on_undecoded = [this](const at::Tensor& latents) { kept.push_back(latents); };
    return observer;
  }
};

at::Tensor weight_of(const Model& model, const std::string& name) {
  return model.autoencoder.module().named_parameters()[name].detach();
}

TEST(Decode, SaysThatAPictureIsBlack) {
  const at::NoGradGuard no_grad;
  const Model model = test::random_model("tiny_sd1");
  DecodeLog log;
  decode_batch(model, at::randn({1, 4, 8, 8}), log.observer());
  EXPECT_TRUE(log.notes.empty());

  weight_of(model, "decoder.conv_out.weight").zero_();
  weight_of(model, "decoder.conv_out.bias").fill_(-3.0);
  decode_batch(model, at::randn({1, 4, 8, 8}), log.observer());
  ASSERT_EQ(log.notes.size(), 1u);
  EXPECT_NE(log.notes[0].find("is black"), std::string::npos) << log.notes[0];

  decode_batch(model, at::zeros({1, 4, 8, 8}), log.observer());
  EXPECT_EQ(log.notes.size(), 1u) << "a plain latent is a plain picture";
}

TEST(Decode, KeepsTheLatentsThatItCannotDecode) {
  const at::NoGradGuard no_grad;
  const Model model = test::random_model("tiny_sd1");
  weight_of(model, "decoder.conv_out.bias").fill_(std::nan(""));
  DecodeLog log;
  const at::Tensor latents = at::randn({2, 4, 8, 8});
  const std::string refusal =
      test::refusal_of([&] { decode_batch(model, latents, log.observer()); });
  EXPECT_NE(refusal.find("autoencoder"), std::string::npos) << refusal;
  EXPECT_NE(refusal.find("--vae"), std::string::npos) << refusal;
  ASSERT_EQ(log.kept.size(), 1u);
  EXPECT_TRUE(at::equal(log.kept[0], latents));
}

TEST(Decode, RefusesToEncodeIntoNaN) {
  const at::NoGradGuard no_grad;
  const Model model = test::random_model("tiny_sd1");
  weight_of(model, "encoder.conv_out.bias").fill_(std::nan(""));
  EXPECT_NE(test::refusal_of([&] { encode_batch(model, at::zeros({1, 3, 32, 32})); }), "");
}

}  // namespace
}  // namespace sfumato
