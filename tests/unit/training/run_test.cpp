#include "sfumato/training/run.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/load_model.h"
#include "sfumato/image/codecs.h"
#include "sfumato/training/stage.h"
#include "tiny_training.h"

namespace sfumato {
namespace {

using test::TinyTraining;

const at::Device kCpu(at::kCPU);

void train_stage(const Recipe& recipe, bool fresh = false) {
  std::ostringstream log;
  run_training(recipe, {.device = kCpu, .fresh = fresh}, CancelToken(), log);
}

std::vector<double> losses(const Recipe& recipe) {
  std::istringstream lines(read_file(recipe.out + "/log.jsonl"));
  std::vector<double> values;
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line);
    if (entry.contains("loss")) values.push_back(entry["loss"]);
  }
  return values;
}

// Fires while the loop writes about the given step, as a Ctrl-C would.
class StopAt : public std::stringbuf {
 public:
  StopAt(std::string text, std::atomic<bool>& flag) : text_(std::move(text)), flag_(flag) {}

 private:
  int sync() override {
    if (str().find(text_) != std::string::npos) flag_.store(true);
    return 0;
  }
  std::string text_;
  std::atomic<bool>& flag_;
};

// Returns true when the run was stopped and said so.
bool train_until(const Recipe& recipe, const std::string& text) {
  std::atomic<bool> flag{false};
  StopAt buffer(text, flag);
  std::ostream log(&buffer);
  try {
    run_training(recipe, {.device = kCpu}, CancelToken(flag), log);
  } catch (const Error& e) {
    return e.kind() == ErrorKind::Cancelled && exit_code(e.kind()) == 130;
  }
  return false;
}

void expect_same_state(const Recipe& a, const Recipe& b) {
  const std::string file = "/state/state-" + std::to_string(a.steps) + ".safetensors";
  const TensorMap left = load_safetensors(a.out + file), right = load_safetensors(b.out + file);
  ASSERT_EQ(left.size(), right.size());
  for (const auto& [name, tensor] : left) EXPECT_TRUE(at::equal(tensor, right.at(name))) << name;
}

void train_first_two_stages(const TinyTraining& tiny) {
  train_stage(tiny.recipe("autoencoder", "autoencoder", 3));
  train_stage(tiny.recipe("clip", "clip", 3));
}

TEST(RunTraining, AnInterruptedRunEndsBitForBitLikeAnUnbrokenOne) {
  const TinyTraining tiny;
  train_first_two_stages(tiny);
  for (const char* stage : {"autoencoder", "clip", "layout", "taesd", "denoiser"}) {
    const std::string name = stage;
    const Recipe whole = tiny.recipe(name, name + "-whole", 6);
    const Recipe broken = tiny.recipe(name, name + "-broken", 6);
    train_stage(whole);
    ASSERT_TRUE(train_until(broken, "step 2/6")) << name;
    train_stage(broken);
    expect_same_state(whole, broken);
    EXPECT_EQ(losses(whole), losses(broken)) << name;
    EXPECT_EQ(losses(whole).size(), 6u) << name;
  }
}

TEST(RunTraining, TheTextEncoderLearnsWhereThingsAre) {
  const TinyTraining tiny;
  train_first_two_stages(tiny);
  const Recipe recipe = tiny.recipe("layout", "layout", 120);
  train_stage(recipe);
  const auto values = losses(recipe);
  EXPECT_GT(values.front(), 0.9);
  EXPECT_LT(values.back(), 0.3);
  // The denoiser takes it in place of CLIP's own.
  Recipe denoiser = tiny.recipe("denoiser", "denoiser", 1);
  denoiser.denoiser.clip = recipe.out;
  train_stage(denoiser);
}

TEST(RunTraining, ATinyDecoderLearnsToPaintLikeTheAutoencoder) {
  const TinyTraining tiny;
  train_stage(tiny.recipe("autoencoder", "autoencoder", 60));
  Recipe recipe = tiny.recipe("taesd", "taesd", 150);
  recipe.taesd.export_folder = tiny.path("exported").string();
  train_stage(recipe);
  const auto values = losses(recipe);
  EXPECT_LT(values.back(), 0.25 * values.front());
  EXPECT_EQ(read_file(recipe.out + "/taesd_decoder.safetensors"),
            read_file(recipe.taesd.export_folder + "/taesd_decoder.safetensors"));
}

TEST(RunTraining, DrawsTimestepsFromThePartOfTheSchedule) {
  const TinyTraining tiny;
  train_first_two_stages(tiny);
  const Recipe all = tiny.recipe("denoiser", "all", 2);
  Recipe noisy = tiny.recipe("denoiser", "noisy", 2), clean = tiny.recipe("denoiser", "clean", 2);
  noisy.denoiser.min_timestep = 990;
  clean.denoiser.max_timestep = 10;
  for (const Recipe& recipe : {all, noisy, clean}) train_stage(recipe);
  EXPECT_NE(losses(all), losses(noisy));
  EXPECT_NE(losses(all), losses(clean));
  EXPECT_NE(losses(noisy), losses(clean));
}

TEST(RunTraining, ADenoiserMayBeginWithAnotherOnesWeights) {
  const TinyTraining tiny;
  train_first_two_stages(tiny);
  Recipe first = tiny.recipe("denoiser", "first", 3);
  first.denoiser.train_text_encoder = true;
  train_stage(first);
  Recipe second = tiny.recipe("denoiser", "second", 1);
  second.learning_rate = 0.0;
  second.seed = 99;
  second.denoiser.start = first.out + "/model";
  train_stage(second);
  const auto weights = [](const Recipe& r) {
    return load_safetensors(r.out + "/model/model.safetensors");
  };
  const TensorMap before = weights(first), after = weights(second);
  for (const auto& [name, tensor] : before) EXPECT_TRUE(tensor.equal(after.at(name))) << name;

  second.denoiser.start = tiny.path("autoencoder").string();
  EXPECT_THROW(train_stage(second, /*fresh=*/true), Error);
}

TEST(RunTraining, RefusesTimestepsOutsideOfTheScheduleBeforeAnythingIsRead) {
  const TinyTraining tiny;
  train_first_two_stages(tiny);
  Recipe recipe = tiny.recipe("denoiser", "outside", 2);
  recipe.denoiser.min_timestep = 1000;
  recipe.data = "does not exist";
  try {
    train_stage(recipe);
    FAIL() << "trained";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("min_timestep"), std::string::npos) << e.what();
  }
}

TEST(RunTraining, AKilledRunRepeatsTheStepsAfterItsLastCheckpoint) {
  const TinyTraining tiny;
  const Recipe whole = tiny.recipe("autoencoder", "whole", 6);
  train_stage(whole);

  const Recipe killed = tiny.recipe("autoencoder", "killed", 6);
  ASSERT_TRUE(train_until(killed, "step 3/6"));
  // What a kill at a later step leaves behind: log lines that no checkpoint covers, half a line.
  std::ofstream(killed.out + "/log.jsonl", std::ios::app)
      << "{\"step\":4,\"loss\":9.0}\n{\"step\":5,";
  train_stage(killed);
  expect_same_state(whole, killed);
  EXPECT_EQ(losses(whole), losses(killed));
}

TEST(RunTraining, FreshForgetsAndAnotherSeedIsRefused) {
  const TinyTraining tiny;
  Recipe recipe = tiny.recipe("autoencoder", "out", 3);
  train_stage(recipe);
  const auto first = losses(recipe);
  train_stage(recipe, /*fresh=*/true);
  EXPECT_EQ(losses(recipe), first);

  recipe.seed = 8;
  EXPECT_THROW(train_stage(recipe), Error);
  train_stage(recipe, /*fresh=*/true);
  EXPECT_NE(losses(recipe), first);
}

TEST(RunTraining, TheAutoencoderOverfitsEightPictures) {
  const TinyTraining tiny;
  Recipe recipe = tiny.recipe("autoencoder", "out", 500);
  recipe.batch = 8;
  recipe.learning_rate = 5e-3;
  train_stage(recipe);
  const auto values = losses(recipe);
  EXPECT_LT(values.back(), 0.2 * values.front());
}

TEST(RunTraining, ThreeStagesMakeAModelThatLoads) {
  const TinyTraining tiny;
  train_first_two_stages(tiny);
  Recipe recipe = tiny.recipe("denoiser", "denoiser", 3);
  recipe.sample_every = 2;
  recipe.denoiser.export_folder = tiny.path("shipped").string();
  train_stage(recipe);

  const Model model = load_model(tiny.path("shipped").string(), {});
  EXPECT_EQ(model.config.family, "tiny_training");
  EXPECT_GT(model.config.latent.scale, 0.0);
  EXPECT_NE(model.config.latent.scale, 1.0);
  EXPECT_TRUE(std::filesystem::exists(recipe.out + "/samples/step-0000002.png"));
  EXPECT_TRUE(std::filesystem::exists(recipe.out + "/loss.png"));

  // The weights are the averaged ones, rounded to half precision.
  const TensorMap state = load_safetensors(recipe.out + "/state/state-3.safetensors");
  const at::Tensor average = state.at("ema.unet.input_blocks.0.0.weight");
  const TensorMap shipped = load_safetensors(tiny.path("shipped/model.safetensors"));
  const at::Tensor saved = shipped.at("model.diffusion_model.input_blocks.0.0.weight");
  EXPECT_EQ(saved.scalar_type(), at::kHalf);
  EXPECT_TRUE(at::equal(saved, average.to(at::kHalf)));
}

TEST(RunTraining, OtherOptimizersNoisesAndLossesResumeAsWell) {
  const TinyTraining tiny;
  train_first_two_stages(tiny);
  Recipe whole = tiny.recipe("denoiser", "whole", 4);
  train_stage(whole);
  const auto usual = losses(whole);

  whole = tiny.recipe("denoiser", "other", 4);
  whole.optimizer = "sgd";
  whole.sgd = {.momentum = 0.9, .nesterov = true};
  whole.denoiser.noise = {.noise_offset = 0.1, .multires_noise_iterations = 4};
  whole.denoiser.distance.kind = "huber";
  whole.denoiser.weighting.debiased_estimation_loss = true;
  Recipe broken = whole;
  broken.out += "-broken";
  train_stage(whole);
  EXPECT_NE(losses(whole), usual);
  ASSERT_TRUE(train_until(broken, "step 2/4"));
  train_stage(broken);
  expect_same_state(whole, broken);
}

TEST(RunTraining, TheLossCountsOnlyWhereTheMasksAllow) {
  const TinyTraining tiny;
  train_first_two_stages(tiny);
  std::filesystem::create_directories(tiny.path("masks"));
  for (int i = 0; i < 8; ++i) {
    Image mask(16, 16);
    for (std::size_t p = 0; p < mask.rgb.size(); p += 3) mask.rgb[p] = 51;  // a fifth, in red
    write_png(tiny.path("masks") / (std::to_string(i) + ".png"), mask);
  }
  Recipe recipe = tiny.recipe("denoiser", "plain", 1);
  train_stage(recipe);
  const double plain = losses(recipe).front();

  recipe.denoiser.masks = tiny.path("masks").string();
  recipe.out = tiny.path("fifth").string();
  train_stage(recipe);
  EXPECT_NEAR(losses(recipe).front(), plain / 5, 1e-4 * plain);

  std::filesystem::remove(tiny.path("masks/3.png"));
  EXPECT_THROW(train_stage(recipe, /*fresh=*/true), Error);
}

TEST(RunTraining, TheTextEncoderIsFrozenUnlessTheRecipeTrainsIt) {
  const TinyTraining tiny;
  train_first_two_stages(tiny);
  const TensorMap clip = load_safetensors(tiny.path("clip/clip.safetensors"));
  const std::string weight = "transformer.resblocks.0.mlp.c_fc.weight";
  for (const bool trained : {false, true}) {
    SCOPED_TRACE(trained);
    Recipe whole = tiny.recipe("denoiser", trained ? "joint" : "frozen", 4);
    whole.denoiser.train_text_encoder = trained;
    train_stage(whole);
    const TensorMap model = load_safetensors(whole.out + "/model/model.safetensors");
    const at::Tensor after = model.at("cond_stage_model.model." + weight);
    EXPECT_EQ(at::equal(after, clip.at(weight).to(at::kHalf)), !trained);

    Recipe broken = whole;
    broken.out += "-broken";
    ASSERT_TRUE(train_until(broken, "step 2/4"));
    train_stage(broken);
    expect_same_state(whole, broken);
  }
}

TEST(RunTraining, SaysWhatIsMissing) {
  const TinyTraining tiny;
  const auto message_of = [](const Recipe& recipe) -> std::string {
    try {
      train_stage(recipe);
    } catch (const Error& e) {
      return e.what() + ("; " + e.hint());
    }
    return "no error";
  };
  EXPECT_NE(message_of(tiny.recipe("denoiser", "d", 2)).find("run the recipe first whose out is"),
            std::string::npos);
  Recipe recipe = tiny.recipe("autoencoder", "a", 2);
  recipe.data = tiny.path("nowhere").string();
  EXPECT_NE(message_of(recipe).find("nowhere"), std::string::npos);
  recipe = tiny.recipe("autoencoder", "a", 2);
  recipe.learning_rate = 9.0;
  recipe.steps = 40;
  recipe.clip_grad_norm = 0.0;
  recipe.adamw.epsilon = 1e-30;
  recipe.adamw.weight_decay = 9.9;
  EXPECT_NE(message_of(recipe).find("diverged"), std::string::npos);
}

}  // namespace
}  // namespace sfumato
