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

TEST(Recipe, TheRecipesOfTheProjectAreValid) {
  for (const char* name : {"autoencoder", "clip", "denoiser"}) {
    const std::filesystem::path path = std::filesystem::path(SFUMATO_SOURCE_DIR) /
                                       "recipes/scenes" / (std::string(name) + ".toml");
    EXPECT_EQ(read_recipe(path).stage, name);
  }
}

}  // namespace
}  // namespace sfumato
