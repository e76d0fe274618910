#include "sfumato/tasks/concat_channels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/tasks/depth_to_image.h"
#include "sfumato/tasks/edit.h"
#include "sfumato/tasks/image_to_image.h"
#include "sfumato/tasks/outpaint.h"
#include "sfumato/tasks/text_to_image.h"
#include "support/random_model.h"
#include "tasks_support.h"

namespace sfumato {
namespace {

TEST(DepthChannels, SpreadThemselvesOverTheWholeRange) {
  const Model model = test::random_model("tiny_sd1+depth");
  at::Tensor depth = at::linspace(0, 1, 64 * 32).view({1, 1, 32, 64});
  depth = at::cat({depth, depth.flip({3}) * 0.1}, 0);
  const at::Tensor channels = depth_channels(model, depth, 64, 32);
  EXPECT_EQ(channels.sizes(), (std::vector<std::int64_t>{2, 1, 8, 16}));
  for (const std::int64_t picture : {0, 1}) {
    EXPECT_FLOAT_EQ(channels[picture].min().item<float>(), -1.0f);
    EXPECT_FLOAT_EQ(channels[picture].max().item<float>(), 1.0f);
  }
  EXPECT_TRUE(at::allclose(depth_channels(model, depth * 7.0 + 3.0, 64, 32), channels, 1e-4, 1e-4));
  EXPECT_GT(channels[0][0][7][15].item<float>(), channels[0][0][0][0].item<float>());
}

TEST(DepthChannels, RefuseADepthThatIsTheSameEverywhere) {
  const Model model = test::random_model("tiny_sd1+depth");
  EXPECT_THROW(depth_channels(model, at::ones({1, 1, 32, 32}), 32, 32), Error);
}

TEST(EditChannels, AreTheLatentWithoutTheScale) {
  const Model model = test::random_model("tiny_sd1+edited_image");
  const at::NoGradGuard no_grad;
  const at::Tensor pixels = at::linspace(-1, 1, 3 * 32 * 32).view({1, 3, 32, 32});
  const at::Tensor posterior_mean = model.autoencoder.kl.ptr()->encode(pixels).mean;
  EXPECT_TRUE(at::allclose(edit_channels(model, model.autoencoder.encode(pixels)), posterior_mean));
}

TEST(Channels, TheWrongCommandNamesTheRightOne) {
  const Image picture = test::coloured_picture(32, 32);
  const auto refusal = [&](auto request, const std::string& family) {
    return test::refusal_of([&] { with_defaults(request, test::tiny_config(family), picture); });
  };
  const auto names = [](const std::string& refusal, const std::string& command) {
    return refusal.find("use: sfumato " + command + ",") != std::string::npos;
  };
  for (const auto& [kind, command] :
       {std::pair<std::string, std::string>{"depth", "depth2img"}, {"edited_image", "edit"}}) {
    const std::string family = "tiny_sd1+" + kind;
    EXPECT_TRUE(names(refusal(ImageToImageRequest{}, family), command)) << command;
    EXPECT_TRUE(names(refusal(InpaintRequest{}, family), command)) << command;
    EXPECT_TRUE(names(refusal(OutpaintRequest{}, family), command)) << command;
    const std::string painting =
        test::refusal_of([&] { with_defaults(PaintRequest{}, test::tiny_config(family)); });
    EXPECT_TRUE(names(painting, command)) << painting;
  }
  EXPECT_TRUE(names(refusal(EditRequest{}, "tiny_sd1"), "img2img"));
  EXPECT_TRUE(names(refusal(EditRequest{}, "tiny_sd1+depth"), "depth2img"));
  EXPECT_TRUE(names(refusal(DepthRequest{}, "tiny_sd1"), "img2img"));
  EXPECT_TRUE(names(refusal(DepthRequest{}, "tiny_sd1+masked_latent"), "inpaint"));
  EXPECT_TRUE(names(refusal(ImageToImageRequest{}, "sd2_x4_upscaler"), "upscale --method x4"));
  EXPECT_TRUE(names(refusal(ImageToImageRequest{}, "sd21_unclip_h"), "variations"));
  EXPECT_EQ(refusal(EditRequest{}, "tiny_sd1+edited_image"), "");
  EXPECT_EQ(refusal(DepthRequest{}, "tiny_sd1+depth"), "");
  EXPECT_EQ(refusal(ImageToImageRequest{}, "tiny_sd1+masked_latent"), "");
}

}  // namespace
}  // namespace sfumato
