#include "sfumato/tasks/prompt_networks.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/tasks/text_to_image.h"
#include "support/random_model.h"

namespace sfumato {
namespace {
namespace fs = std::filesystem;

at::Tensor wave(at::IntArrayRef shape) {
  const at::Tensor numbers = at::empty(shape, at::kFloat);
  return at::arange(numbers.numel(), at::kFloat).sin().reshape(shape);
}

// A folder with a LoRA and embeddings for tiny_sd1: 32 channels in the middle, text of width 16.
class PromptNetworksTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::path(testing::TempDir()) / ("sfumato_networks_" + name);
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "loras" / "inner");
    fs::create_directories(folder_ / "embeddings");
    const std::string layer = "lora_unet_mid_block_attentions_0_proj_in";
    save_safetensors(
        folder_ / "loras" / "inner" / "ink.safetensors",
        {{layer + ".lora_up.weight", wave({32, 2})}, {layer + ".lora_down.weight", wave({2, 32})}});
    save_safetensors(folder_ / "loras" / "foreign.safetensors",
                     {{layer + ".lora_up.weight", wave({640, 2})},
                      {layer + ".lora_down.weight", wave({2, 640})}});
    save_safetensors(folder_ / "embeddings" / "fluff.safetensors", {{"emb_params", wave({2, 16})}});
    save_safetensors(folder_ / "embeddings" / "alien.safetensors",
                     {{"emb_params", wave({2, 768})}});
    model_ = test::random_model("tiny_sd1");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::uint8_t> painted(const std::string& prompt, PromptNetworks& networks) {
    PaintRequest request;
    request.prompt = prompt;
    request.steps = 2;
    request.seed = 7;
    Observer observer;
    observer.on_note = [this](const std::string& line) { notes_.push_back(line); };
    const PromptSources sources{.networks = &networks};
    return text_to_image(model_, request, observer, sources).images[0].rgb;
  }

  fs::path folder_;
  Model model_;
  std::vector<std::string> notes_;
};

ErrorKind failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    return e.kind();
  }
  ADD_FAILURE() << "accepted";
  return ErrorKind::Io;
}

TEST_F(PromptNetworksTest, MergesALoraForThePromptsThatNameIt) {
  PromptNetworks networks(model_, folder_ / "loras", folder_ / "embeddings");
  const auto plain = painted("a cat", networks);
  EXPECT_TRUE(notes_.empty());
  const auto inked = painted("a cat<lora:ink:0.8>", networks);
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_NE(notes_[0].find("changes 1 layer of the U-Net"), std::string::npos) << notes_[0];
  EXPECT_NE(inked, plain);
  EXPECT_EQ(painted("a cat<lora:ink:0.8>", networks), inked);
  EXPECT_EQ(notes_.size(), 1u);  // said once
  EXPECT_EQ(painted("a cat<lora:ink:0>", networks), plain);
  EXPECT_EQ(painted("a cat", networks), plain);
}

TEST_F(PromptNetworksTest, RefusesWhatIsUnknownOrForeign) {
  PromptNetworks networks(model_, folder_ / "loras", folder_ / "embeddings");
  EXPECT_EQ(failure_of([&] { painted("<lora:inc:1>", networks); }), ErrorKind::NotFound);
  EXPECT_EQ(failure_of([&] { painted("<lora:foreign:1>", networks); }), ErrorKind::Corrupt);
  EXPECT_EQ(failure_of([&] { painted("an alien", networks); }), ErrorKind::Corrupt);
  EXPECT_EQ(failure_of([&] { networks.add_lora(folder_ / "none.pt"); }), ErrorKind::NotFound);
  EXPECT_EQ(networks.add_lora(folder_ / "loras" / "inner" / "ink.safetensors"), "ink");
}

TEST_F(PromptNetworksTest, ReadsTheEmbeddingsThatAPromptNames) {
  PromptNetworks networks(model_, folder_ / "loras", folder_ / "embeddings");
  PromptNetworks without(model_, folder_ / "none", folder_ / "none");
  EXPECT_NE(painted("a fluff cat", networks), painted("a fluff cat", without));
  EXPECT_EQ(painted("a fluffy cat", networks), painted("a fluffy cat", without));
}

TEST(Says, FindsWholeWords) {
  EXPECT_TRUE(says("a Cat, asleep", "cat"));
  EXPECT_TRUE(says("(cat:1.2)", "cat"));
  EXPECT_FALSE(says("concatenate", "cat"));
  EXPECT_FALSE(says("cat_2", "cat"));
  EXPECT_FALSE(says("cat", ""));
}

}  // namespace
}  // namespace sfumato
