#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "sfumato/image/codecs.h"
#include "sfumato/training/recipe.h"

namespace sfumato::test {

/// A folder of its own for one test, with eight captioned 16x16 pictures and a family of a few
/// thousand weights; removed at the end.
class TinyTraining {
 public:
  TinyTraining() {
    static int count = 0;
    root_ = std::filesystem::temp_directory_path() /
            ("sfumato-training-" + std::to_string(getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(root_ / "data");
    const char* colours[] = {"red", "green", "blue", "black"};
    for (int i = 0; i < 8; ++i) {
      Image image(16, 16);
      for (int y = 0; y < 16; ++y) {
        for (int x = 0; x < 16; ++x) {
          const bool inside = i < 4 ? x < 8 : y < 8;
          for (int c = 0; c < 3; ++c) {
            image.pixel(x, y)[c] = static_cast<std::uint8_t>(inside == (c == i % 4) ? 220 : 110);
          }
        }
      }
      const std::string name = (root_ / "data" / std::to_string(i)).string();
      write_png(name + ".png", image);
      std::ofstream(name + ".txt") << colours[i % 4] << (i < 4 ? " to the left" : " at the top");
    }
    std::ofstream(root_ / "family.toml") << kFamily;
  }
  ~TinyTraining() { std::filesystem::remove_all(root_); }

  std::filesystem::path path(const std::string& name) const { return root_ / name; }

  Recipe recipe(const std::string& stage, const std::string& out, std::int64_t steps) const {
    Recipe r;
    r.stage = stage;
    r.family = path("family.toml").string();
    r.data = r.validation = path("data").string();
    r.out = path(out).string();
    r.steps = steps;
    r.batch = 4;
    r.seed = 7;
    r.learning_rate = 2e-3;
    r.log_every = 1;
    r.sample_every = r.save_every = 0;
    r.clip = {.patch_size = 8, .width = 16, .layers = 1, .heads = 2};
    r.replicas = stage == "autoencoder" ? 1 : 2;
    r.layout = {.clip = path("clip").string(), .side = 4};
    r.taesd = {.autoencoder = path("autoencoder").string(), .channels = 8, .blocks = 1};
    r.denoiser.autoencoder = path("autoencoder").string();
    r.denoiser.clip = path("clip").string();
    r.denoiser.prompts = {"red to the left", ""};
    r.denoiser.sample_steps = 2;
    return r;
  }

 private:
  static constexpr const char* kFamily = R"(
family = "tiny_training"
source = "made up for this test"
[latent]
channels = 4
downsample = 2
[schedule]
betas = "linear_in_sqrt"
start = 0.00085
end = 0.012
steps = 1000
prediction = "eps"
[unet]
in_channels = 4
out_channels = 4
model_channels = 8
channel_mult = [1, 2]
res_blocks = [1, 1]
attention_at_downsample = [2]
heads = 2
context_width = 16
norm_groups = 4
[autoencoder]
kind = "kl"
channels = 8
channel_mult = [1, 2]
res_blocks = 1
middle_attention = false
norm_groups = 4
[[text_encoders]]
kind = "open_clip"
prefix = "cond_stage_model.model."
tokenizer = "file"
tokenizer_file = "tokenizer.json"
pad_with_eos = false
vocabulary = 520
positions = 16
width = 16
layers = 1
heads = 2
projection = 16
activation = "gelu"
[defaults]
width = 16
height = 16
steps = 2
sampler = "dpmpp_2m"
spacing = "karras"
guidance = 2.0
[fingerprint]
"model.diffusion_model.input_blocks.0.0.weight" = [8, 4, 3, 3]
)";
  std::filesystem::path root_;
};

}  // namespace sfumato::test
