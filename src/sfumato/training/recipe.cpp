#include "sfumato/training/recipe.h"

#include <algorithm>
#include <array>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato {
namespace {

void expect_one_of(const std::string& key, const std::string& value,
                   std::vector<std::string> known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  throw Error(ErrorKind::InvalidArgument, "recipe: " + key + ": unknown value '" + value + "'",
              suggestion(value, known));
}

void expect_range(const std::string& key, double value, double low, double high) {
  if (value >= low && value <= high) return;
  std::ostringstream what;
  what.precision(15);
  what << "recipe: " << key << " is " << value << ", expected " << low << " .. " << high;
  throw Error(ErrorKind::InvalidArgument, what.str());
}

void read_optimizer(TomlTable table, Recipe& recipe) {
  table.get("learning_rate", recipe.learning_rate);
  table.get("schedule", recipe.schedule.kind);
  table.get("warm_up", recipe.schedule.warm_up);
  table.get("weight_decay", recipe.adamw.weight_decay);
  table.get("decay_matrices_only", recipe.adamw.decay_matrices_only);
  table.get("epsilon", recipe.adamw.epsilon);
  std::vector<double> betas{recipe.adamw.beta1, recipe.adamw.beta2};
  table.get("betas", betas);
  if (betas.size() != 2) {
    throw Error(ErrorKind::InvalidArgument, table.where("betas") + ": expected two numbers");
  }
  recipe.adamw.beta1 = betas[0];
  recipe.adamw.beta2 = betas[1];
  table.get("clip_grad_norm", recipe.clip_grad_norm);
  table.get("ema_decay", recipe.ema_decay);
  table.finish();
}

void read_every(TomlTable table, Recipe& recipe) {
  table.get("log", recipe.log_every);
  table.get("sample", recipe.sample_every);
  table.get("save", recipe.save_every);
  table.finish();
}

void read_autoencoder(TomlTable table, AutoencoderRecipe& recipe) {
  table.get("kl_weight", recipe.kl_weight);
  table.finish();
}

void read_clip(TomlTable table, ClipRecipe& recipe) {
  table.get("patch_size", recipe.patch_size);
  table.get("width", recipe.width);
  table.get("layers", recipe.layers);
  table.get("heads", recipe.heads);
  table.finish();
}

void read_denoiser(TomlTable table, DenoiserRecipe& recipe) {
  table.require("autoencoder", recipe.autoencoder);
  table.require("clip", recipe.clip);
  table.get("caption_dropout", recipe.caption_dropout);
  table.get("train_text_encoder", recipe.train_text_encoder);
  table.get("snr_limits", recipe.snr_limits);
  table.get("elbo_weight", recipe.elbo_weight);
  table.get("distance", recipe.distance);
  table.get("prompts", recipe.prompts);
  table.get("sample_steps", recipe.sample_steps);
  table.get("guidance", recipe.guidance);
  table.get("export", recipe.export_folder);
  table.finish();
}

}  // namespace

Recipe read_recipe(const std::filesystem::path& path) {
  return parse_recipe(TomlTable::read(path));
}

Recipe parse_recipe(TomlTable table) {
  Recipe recipe;
  table.require("stage", recipe.stage);
  expect_one_of("stage", recipe.stage, {"autoencoder", "clip", "denoiser"});
  table.require("family", recipe.family);
  table.require("data", recipe.data);
  table.get("validation", recipe.validation);
  table.get("validation_count", recipe.validation_count);
  table.require("out", recipe.out);
  table.require("steps", recipe.steps);
  table.get("batch", recipe.batch);
  table.get("seed", recipe.seed);
  table.get("precision", recipe.precision);
  if (recipe.stage != "autoencoder") table.get("replicas", recipe.replicas);
  if (auto optimizer = table.table("optimizer")) read_optimizer(*optimizer, recipe);
  if (auto every = table.table("every")) read_every(*every, recipe);

  // Only the table of its own stage is asked for: the others are unknown keys.
  if (recipe.stage == "autoencoder") {
    if (auto own = table.table("autoencoder")) read_autoencoder(*own, recipe.autoencoder);
  } else if (recipe.stage == "clip") {
    if (auto own = table.table("clip")) read_clip(*own, recipe.clip);
  } else {
    auto own = table.table("denoiser");
    if (!own) {
      throw Error(ErrorKind::InvalidArgument, table.where("denoiser") + " is missing",
                  "[denoiser] names the folders of the trained autoencoder and clip");
    }
    read_denoiser(*own, recipe.denoiser);
  }
  table.finish();
  check_recipe(recipe);
  return recipe;
}

void check_recipe(const Recipe& recipe) {
  constexpr double kMany = 1e12;
  expect_range("steps", static_cast<double>(recipe.steps), 1, kMany);
  expect_range("batch", static_cast<double>(recipe.batch), 1, 1 << 20);
  expect_range("replicas", static_cast<double>(recipe.replicas), 1,
               static_cast<double>(recipe.batch));
  expect_range("validation_count", static_cast<double>(recipe.validation_count), 1, kMany);
  expect_one_of("precision", recipe.precision, {"float32", "bfloat16"});
  expect_one_of("optimizer.schedule", recipe.schedule.kind, {"constant", "cosine"});
  expect_range("optimizer.learning_rate", recipe.learning_rate, 0.0, 10.0);
  expect_range("optimizer.warm_up", static_cast<double>(recipe.schedule.warm_up), 0, kMany);
  expect_range("optimizer.weight_decay", recipe.adamw.weight_decay, 0.0, 10.0);
  expect_range("optimizer.betas[0]", recipe.adamw.beta1, 0.0, 0.999999);
  expect_range("optimizer.betas[1]", recipe.adamw.beta2, 0.0, 0.999999);
  expect_range("optimizer.clip_grad_norm", recipe.clip_grad_norm, 0.0, kMany);
  expect_range("optimizer.ema_decay", recipe.ema_decay, 0.0, 1.0);
  expect_range("every.log", static_cast<double>(recipe.log_every), 0, kMany);
  expect_range("every.sample", static_cast<double>(recipe.sample_every), 0, kMany);
  expect_range("every.save", static_cast<double>(recipe.save_every), 0, kMany);
  expect_range("autoencoder.kl_weight", recipe.autoencoder.kl_weight, 0.0, 1e3);
  expect_range("clip.heads", static_cast<double>(recipe.clip.heads), 1, 4096);
  expect_range("clip.layers", static_cast<double>(recipe.clip.layers), 1, 4096);
  expect_range("clip.patch_size", static_cast<double>(recipe.clip.patch_size), 1, 4096);
  expect_range("clip.width", static_cast<double>(recipe.clip.width), 1, 1 << 16);
  expect_range("denoiser.caption_dropout", recipe.denoiser.caption_dropout, 0.0, 1.0);
  expect_range("denoiser.elbo_weight", recipe.denoiser.elbo_weight, 0.0, 1e6);
  const auto& limits = recipe.denoiser.snr_limits;
  if (!limits.empty() && (limits.size() != 2 || !(limits[0] >= 0.0 && limits[0] <= limits[1]))) {
    throw Error(ErrorKind::InvalidArgument,
                "recipe: denoiser.snr_limits must be [floor, ceiling], 0 <= floor <= ceiling",
                "for example [1.0, 5.0]; ceiling may be inf");
  }
  if (!limits.empty() && recipe.denoiser.elbo_weight > 0.0) {
    throw Error(ErrorKind::InvalidArgument,
                "recipe: denoiser.snr_limits and denoiser.elbo_weight exclude each other");
  }
  expect_range("denoiser.sample_steps", static_cast<double>(recipe.denoiser.sample_steps), 1, 1000);
  expect_one_of("denoiser.distance", recipe.denoiser.distance, {"l2", "l1"});
}

}  // namespace sfumato
