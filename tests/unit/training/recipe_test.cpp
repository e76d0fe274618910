#include "sfumato/training/recipe.h"

#include <gtest/gtest.h>

#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

const std::string kMinimal =
    "stage = 'autoencoder'\nfamily = 'f.toml'\ndata = 'd'\nout = 'o'\nsteps = 5\n";

Recipe parse(const std::string& text) { return parse_recipe(TomlTable::parse(text, "r.toml")); }

std::string message_of(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
    return e.what() + (" " + e.hint());
  }
  return "no error";
}

TEST(Recipe, ReadsEveryTable) {
  const Recipe r = parse(kMinimal +
                         "batch = 7\nprecision = 'bfloat16'\n[optimizer]\nlearning_rate = 0.5\n"
                         "schedule = 'cosine'\nwarm_up = 3\nbetas = [0.5, 0.6]\n"
                         "[every]\nlog = 1\n[autoencoder]\nkl_weight = 0.25\n");
  EXPECT_EQ(r.batch, 7);
  EXPECT_EQ(r.precision, "bfloat16");
  EXPECT_EQ(r.learning_rate, 0.5);
  EXPECT_EQ(r.schedule.warm_up, 3);
  EXPECT_EQ(r.adamw.beta2, 0.6);
  EXPECT_EQ(r.log_every, 1);
  EXPECT_EQ(r.autoencoder.kl_weight, 0.25);
}

TEST(Recipe, NamesUnknownKeysAndTheNearestKnownOne) {
  const std::string message = message_of(kMinimal + "batsh = 3\n");
  EXPECT_NE(message.find("batsh"), std::string::npos) << message;
  EXPECT_NE(message.find("'batch'"), std::string::npos) << message;
}

TEST(Recipe, RefusesTheTableOfAnotherStage) {
  EXPECT_NE(message_of(kMinimal + "[denoiser]\nclip = 'c'\n").find("denoiser"), std::string::npos);
}

TEST(Recipe, RefusesWhatMakesNoSense) {
  EXPECT_NE(message_of("steps = 1\n").find("stage"), std::string::npos);
  EXPECT_NE(message_of(kMinimal + "batch = 0\n").find("batch"), std::string::npos);
  EXPECT_NE(message_of(kMinimal + "batch = 'many'\n").find("batch"), std::string::npos);
  EXPECT_NE(message_of(kMinimal + "precision = 'bfloat'\n").find("bfloat16"), std::string::npos);
  EXPECT_NE(message_of(kMinimal + "[optimizer]\nbetas = [0.9]\n").find("betas"), std::string::npos);
  EXPECT_NE(message_of("stage = 'unet'\nfamily='f'\ndata='d'\nout='o'\nsteps=1\n").find("unet"),
            std::string::npos);
}

TEST(Recipe, ReadsWhatTheChosenKindsHave) {
  const Recipe r = parse(kMinimal +
                         "[optimizer]\nkind = 'sgd'\nmomentum = 0.9\nnesterov = true\n"
                         "schedule = 'ldm_linear'\nema_decay = 0.99\nuse_ema_warmup = true\n"
                         "ema_power = 0.75\n[optimizer.cycles]\nwarm_up_steps = [2, 0]\n"
                         "cycle_lengths = [10, 20]\nf_start = [0.1, 0]\nf_max = [1, 0.5]\n"
                         "f_min = [0.2, 0]\n");
  EXPECT_EQ(r.optimizer, "sgd");
  EXPECT_EQ(r.sgd.momentum, 0.9);
  EXPECT_TRUE(r.sgd.nesterov);
  EXPECT_EQ(r.sgd.weight_decay, 0.0);
  ASSERT_EQ(r.schedule.cycles.size(), 2u);
  EXPECT_EQ(r.schedule.cycles[1].length, 20);
  EXPECT_EQ(r.schedule.cycles[0].f_min, 0.2);
  EXPECT_EQ(r.ema.power, 0.75);

  const std::string adam = kMinimal + "[optimizer]\n";
  EXPECT_EQ(parse(adam + "kind = 'adam'\n").adamw.weight_decay, 0.0);
  EXPECT_EQ(parse(adam + "kind = 'adam'\nweight_decay = 0.5\n").adamw.weight_decay, 0.5);
  EXPECT_TRUE(parse(adam + "amsgrad = true\n").adamw.amsgrad);
  const Recipe rules = parse(adam + "schedule = 'piecewise_constant'\nstep_rules = '1:3,0.5'\n");
  EXPECT_EQ(rules.schedule.at(3), 0.5);
}

TEST(Recipe, ReadsNoiseAndLossOfTheDenoiser) {
  const std::string denoiser =
      "stage = 'denoiser'\nfamily = 'f.toml'\ndata = 'd'\nout = 'o'\nsteps = 5\n"
      "[denoiser]\nautoencoder = 'a'\nclip = 'c'\n";
  const DenoiserRecipe r =
      parse(denoiser +
            "noise_offset = 0.05\nadaptive_noise_scale = 0.01\nmultires_noise_iterations = 6\n"
            "multires_noise_discount = 0.4\nmasks = 'm'\ndistance = 'huber'\n"
            "huber_schedule = 'exponential'\nhuber_c = 0.2\nhuber_scale = 2.0\n"
            "snr_limits = [0.0, 5.0]\ndebiased_estimation_loss = true\nv_pred_like_loss = 0.5\n")
          .denoiser;
  EXPECT_EQ(r.noise.adaptive_noise_scale, 0.01);
  EXPECT_EQ(r.noise.multires_noise_discount, 0.4);
  EXPECT_EQ(r.masks, "m");
  EXPECT_EQ(r.distance.huber_schedule, "exponential");
  EXPECT_EQ(r.distance.huber_scale, 2.0);
  EXPECT_EQ(r.weighting.limits.back(), 5.0);
  EXPECT_TRUE(r.weighting.debiased_estimation_loss);
  EXPECT_EQ(r.weighting.v_pred_like_loss, 0.5);

  const auto says = [&](const std::string& lines, const char* what) {
    const std::string message = message_of(denoiser + lines);
    EXPECT_NE(message.find(what), std::string::npos) << message;
  };
  says("distance = 'hubber'\n", "'huber'");
  says("huber_c = 0.2\n", "huber_c");
  says("distance = 'huber'\nhuber_c = 0.0\n", "huber_c");
  says("debiased_estimation_loss = true\nelbo_weight = 0.1\n", "exclude");
}

TEST(Recipe, RefusesKeysOfOtherKindsAndListsThatDiffer) {
  const auto says = [](const std::string& lines, const char* what) {
    const std::string message = message_of(kMinimal + "[optimizer]\n" + lines);
    EXPECT_NE(message.find(what), std::string::npos) << message;
  };
  says("kind = 'adamm'\n", "unknown value");
  says("momentum = 0.9\n", "momentum");
  says("kind = 'sgd'\nbetas = [0.9, 0.99]\n", "betas");
  says("kind = 'sgd'\nnesterov = true\n", "momentum");
  says("schedule = 'linear'\npower = 2.0\n", "power");
  says("schedule = 'piecewise_constant'\n", "step_rules");
  says("schedule = 'ldm_cosine'\n", "cycles");
  says(
      "schedule = 'ldm_cosine'\n[optimizer.cycles]\nwarm_up_steps = [0]\n"
      "cycle_lengths = [10, 20]\nf_start = [0]\nf_max = [1]\nf_min = [0]\n",
      "differ");
  says("ema_decay = 0.5\nema_min_decay = 0.9\n", "ema_min_decay");
}

TEST(Recipe, TheRecipesOfTheProjectAreValid) {
  using Named = std::pair<const char*, const char*>;
  for (const auto& [name, stage] :
       {Named{"autoencoder", "autoencoder"}, Named{"clip", "clip"}, Named{"layout", "layout"},
        Named{"places", "denoiser"}, Named{"denoiser", "denoiser"}, Named{"taesd", "taesd"}}) {
    const std::filesystem::path path = std::filesystem::path(SFUMATO_SOURCE_DIR) /
                                       "recipes/scenes" / (std::string(name) + ".toml");
    EXPECT_EQ(read_recipe(path).stage, stage) << name;
  }
}

}  // namespace
}  // namespace sfumato
