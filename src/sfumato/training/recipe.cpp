#include "sfumato/training/recipe.h"

#include <algorithm>
#include <sstream>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato {
namespace {

constexpr double kMany = 1e12;

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

// One list for each key, with an entry for each cycle, as in LDM's configurations.
std::vector<LrCycle> read_cycles(TomlTable table) {
  std::vector<double> warm_up, lengths, start, highest, lowest;
  table.require("warm_up_steps", warm_up);
  table.require("cycle_lengths", lengths);
  table.require("f_start", start);
  table.require("f_max", highest);
  table.require("f_min", lowest);
  table.finish();
  std::vector<LrCycle> cycles;
  for (const auto* list : {&warm_up, &start, &highest, &lowest}) {
    if (list->size() == lengths.size()) continue;
    throw Error(ErrorKind::InvalidArgument,
                table.where("cycle_lengths") + ": the lists of the cycles differ in length");
  }
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    expect_range("cycle_lengths", lengths[i], 1, 1e18);
    expect_range("warm_up_steps", warm_up[i], 0, lengths[i]);
    cycles.push_back({.warm_up = static_cast<std::int64_t>(warm_up[i]),
                      .length = static_cast<std::int64_t>(lengths[i]),
                      .f_start = start[i],
                      .f_max = highest[i],
                      .f_min = lowest[i]});
  }
  return cycles;
}

// A kind is asked only for its own keys here and below: the others are unknown.
void read_schedule(TomlTable& table, LrSchedule& schedule) {
  table.get("schedule", schedule.kind);
  expect_one_of("optimizer.schedule", schedule.kind,
                {"constant", "linear", "cosine", "cosine_with_restarts", "polynomial",
                 "piecewise_constant", "ldm_cosine", "ldm_linear"});
  if (schedule.kind.starts_with("ldm_")) {
    if (auto cycles = table.table("cycles")) schedule.cycles = read_cycles(*cycles);
    if (!schedule.cycles.empty()) return;
    throw Error(ErrorKind::InvalidArgument, table.where("cycles") + " are missing",
                "[optimizer.cycles] has the lists warm_up_steps, cycle_lengths, f_start, f_max and "
                "f_min");
  }
  table.get("warm_up", schedule.warm_up);
  if (schedule.kind.starts_with("cosine") && table.has("num_cycles")) {
    table.get("num_cycles", schedule.num_cycles.emplace());
  }
  if (schedule.kind == "polynomial") {
    table.get("power", schedule.power);
    table.get("min_lr_ratio", schedule.min_lr_ratio);
  }
  if (schedule.kind == "piecewise_constant") {
    std::string rules;
    table.require("step_rules", rules);
    schedule.step_rules = parse_step_rules(rules);
  }
}

void read_ema(TomlTable& table, EmaDecay& ema) {
  table.get("ema_decay", ema.decay);
  table.get("ema_min_decay", ema.min_decay);
  table.get("ema_update_after_step", ema.update_after_step);
  table.get("use_ema_warmup", ema.use_ema_warmup);
  if (!ema.use_ema_warmup) return;
  table.get("ema_inv_gamma", ema.inv_gamma);
  table.get("ema_power", ema.power);
}

void read_adamw(TomlTable& table, AdamWConfig& adamw) {
  table.get("weight_decay", adamw.weight_decay);
  table.get("decay_matrices_only", adamw.decay_matrices_only);
  table.get("epsilon", adamw.epsilon);
  table.get("amsgrad", adamw.amsgrad);
  std::vector<double> betas{adamw.beta1, adamw.beta2};
  table.get("betas", betas);
  if (betas.size() != 2) {
    throw Error(ErrorKind::InvalidArgument, table.where("betas") + ": expected two numbers");
  }
  adamw.beta1 = betas[0];
  adamw.beta2 = betas[1];
}

void read_sgd(TomlTable& table, SgdConfig& sgd) {
  table.get("weight_decay", sgd.weight_decay);
  table.get("momentum", sgd.momentum);
  table.get("dampening", sgd.dampening);
  table.get("nesterov", sgd.nesterov);
}

void read_optimizer(TomlTable table, Recipe& recipe) {
  table.get("kind", recipe.optimizer);
  expect_one_of("optimizer.kind", recipe.optimizer, {"adamw", "adam", "sgd"});
  if (recipe.optimizer == "sgd") {
    read_sgd(table, recipe.sgd);
  } else {
    if (recipe.optimizer == "adam") recipe.adamw.weight_decay = 0.0;
    read_adamw(table, recipe.adamw);
  }
  table.get("learning_rate", recipe.learning_rate);
  read_schedule(table, recipe.schedule);
  table.get("clip_grad_norm", recipe.clip_grad_norm);
  read_ema(table, recipe.ema);
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

void read_layout(TomlTable table, LayoutRecipe& recipe) {
  table.require("clip", recipe.clip);
  table.get("side", recipe.side);
  table.finish();
}

void read_taesd(TomlTable table, TaesdRecipe& recipe) {
  table.require("autoencoder", recipe.autoencoder);
  table.get("channels", recipe.channels);
  table.get("blocks", recipe.blocks);
  table.get("export", recipe.export_folder);
  table.finish();
}

void read_noise(TomlTable& table, NoiseConfig& noise) {
  table.get("noise_offset", noise.noise_offset);
  if (noise.noise_offset != 0.0) table.get("adaptive_noise_scale", noise.adaptive_noise_scale);
  table.get("multires_noise_iterations", noise.multires_noise_iterations);
  if (noise.multires_noise_iterations > 0) {
    table.get("multires_noise_discount", noise.multires_noise_discount);
  }
}

void read_loss(TomlTable& table, DenoiserRecipe& recipe) {
  table.get("masks", recipe.masks);
  table.get("min_timestep", recipe.min_timestep);
  table.get("max_timestep", recipe.max_timestep);
  table.get("elbo_weight", recipe.elbo_weight);
  SnrWeighting& weighting = recipe.weighting;
  table.get("snr_limits", weighting.limits);
  table.get("scale_v_pred_loss_like_noise_pred", weighting.scale_v_pred_loss_like_noise_pred);
  table.get("v_pred_like_loss", weighting.v_pred_like_loss);
  table.get("debiased_estimation_loss", weighting.debiased_estimation_loss);
  DistanceConfig& distance = recipe.distance;
  table.get("distance", distance.kind);
  expect_one_of("denoiser.distance", distance.kind, {"l2", "l1", "huber", "smooth_l1"});
  if (distance.kind != "huber" && distance.kind != "smooth_l1") return;
  table.get("huber_schedule", distance.huber_schedule);
  expect_one_of("denoiser.huber_schedule", distance.huber_schedule,
                {"snr", "exponential", "constant"});
  table.get("huber_c", distance.huber_c);
  table.get("huber_scale", distance.huber_scale);
}

void read_denoiser(TomlTable table, DenoiserRecipe& recipe) {
  table.require("autoencoder", recipe.autoencoder);
  table.require("clip", recipe.clip);
  table.get("start", recipe.start);
  table.get("caption_dropout", recipe.caption_dropout);
  table.get("train_text_encoder", recipe.train_text_encoder);
  read_noise(table, recipe.noise);
  read_loss(table, recipe);
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
  expect_one_of("stage", recipe.stage, {"autoencoder", "clip", "layout", "taesd", "denoiser"});
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
    auto own = table.table(recipe.stage);
    if (!own) {
      throw Error(ErrorKind::InvalidArgument, table.where(recipe.stage) + " is missing",
                  "[" + recipe.stage + "] names the folders of the stages before");
    }
    if (recipe.stage == "layout") read_layout(*own, recipe.layout);
    if (recipe.stage == "taesd") read_taesd(*own, recipe.taesd);
    if (recipe.stage == "denoiser") read_denoiser(*own, recipe.denoiser);
  }
  table.finish();
  check_recipe(recipe);
  return recipe;
}

namespace {

void check_optimizer(const Recipe& r) {
  expect_range("optimizer.learning_rate", r.learning_rate, 0.0, 10.0);
  expect_range("optimizer.warm_up", static_cast<double>(r.schedule.warm_up), 0, kMany);
  expect_range("optimizer.num_cycles", r.schedule.num_cycles.value_or(1.0), 0.0, kMany);
  expect_range("optimizer.power", r.schedule.power, 0.0, 1e3);
  expect_range("optimizer.min_lr_ratio", r.schedule.min_lr_ratio, 0.0, 1.0);
  expect_range("optimizer.weight_decay", r.adamw.weight_decay, 0.0, 10.0);
  expect_range("optimizer.weight_decay", r.sgd.weight_decay, 0.0, 10.0);
  expect_range("optimizer.betas[0]", r.adamw.beta1, 0.0, 0.999999);
  expect_range("optimizer.betas[1]", r.adamw.beta2, 0.0, 0.999999);
  expect_range("optimizer.momentum", r.sgd.momentum, 0.0, 0.999999);
  expect_range("optimizer.dampening", r.sgd.dampening, 0.0, 1.0);
  if (r.sgd.nesterov && (r.sgd.momentum == 0.0 || r.sgd.dampening != 0.0)) {
    throw Error(ErrorKind::InvalidArgument,
                "recipe: optimizer.nesterov needs a momentum and no dampening");
  }
  expect_range("optimizer.clip_grad_norm", r.clip_grad_norm, 0.0, kMany);
  expect_range("optimizer.ema_decay", r.ema.decay, 0.0, 1.0);
  expect_range("optimizer.ema_min_decay", r.ema.min_decay, 0.0, r.ema.decay);
  expect_range("optimizer.ema_update_after_step", static_cast<double>(r.ema.update_after_step), -1,
               kMany);
  expect_range("optimizer.ema_inv_gamma", r.ema.inv_gamma, 1e-6, kMany);
  expect_range("optimizer.ema_power", r.ema.power, 0.0, 1e3);
}

void check_layout(const LayoutRecipe& r) {
  expect_range("layout.side", static_cast<double>(r.side), 2, 64);
}

void check_taesd(const TaesdRecipe& r) {
  expect_range("taesd.channels", static_cast<double>(r.channels), 1, 1 << 12);
  expect_range("taesd.blocks", static_cast<double>(r.blocks), 1, 8);
}

void check_denoiser(const DenoiserRecipe& r) {
  expect_range("denoiser.caption_dropout", r.caption_dropout, 0.0, 1.0);
  expect_range("denoiser.noise_offset", r.noise.noise_offset, -10.0, 10.0);
  expect_range("denoiser.adaptive_noise_scale", r.noise.adaptive_noise_scale, -10.0, 10.0);
  expect_range("denoiser.multires_noise_iterations",
               static_cast<double>(r.noise.multires_noise_iterations), 0, 64);
  expect_range("denoiser.multires_noise_discount", r.noise.multires_noise_discount, 0.0, 10.0);
  expect_range("denoiser.elbo_weight", r.elbo_weight, 0.0, 1e6);
  const auto& limits = r.weighting.limits;
  if (!limits.empty() && (limits.size() != 2 || !(limits[0] >= 0.0 && limits[0] <= limits[1]))) {
    throw Error(ErrorKind::InvalidArgument,
                "recipe: denoiser.snr_limits must be [floor, ceiling], 0 <= floor <= ceiling",
                "for example [1.0, 5.0]; ceiling may be inf");
  }
  expect_range("denoiser.v_pred_like_loss", r.weighting.v_pred_like_loss, 0.0, 1e6);
  if (r.weighting.any() && r.elbo_weight > 0.0) {
    throw Error(ErrorKind::InvalidArgument,
                "recipe: denoiser.elbo_weight and the weights by SNR exclude each other",
                "leave one out");
  }
  const auto last = static_cast<double>(r.max_timestep);
  expect_range("denoiser.max_timestep", last, 0, 1e6);
  expect_range("denoiser.min_timestep", static_cast<double>(r.min_timestep), 0,
               last > 0 ? last - 1 : 1e6);
  expect_range("denoiser.sample_steps", static_cast<double>(r.sample_steps), 1, 1000);
  expect_range("denoiser.huber_c", r.distance.huber_c, 1e-6, 1e3);
  expect_range("denoiser.huber_scale", r.distance.huber_scale, 1e-6, 1e3);
}

}  // namespace

void check_recipe(const Recipe& recipe) {
  expect_range("steps", static_cast<double>(recipe.steps), 1, kMany);
  expect_range("batch", static_cast<double>(recipe.batch), 1, 1 << 20);
  expect_range("replicas", static_cast<double>(recipe.replicas), 1,
               static_cast<double>(recipe.batch));
  expect_range("validation_count", static_cast<double>(recipe.validation_count), 1, kMany);
  expect_one_of("precision", recipe.precision, {"float32", "bfloat16"});
  check_optimizer(recipe);
  expect_range("every.log", static_cast<double>(recipe.log_every), 0, kMany);
  expect_range("every.sample", static_cast<double>(recipe.sample_every), 0, kMany);
  expect_range("every.save", static_cast<double>(recipe.save_every), 0, kMany);
  expect_range("autoencoder.kl_weight", recipe.autoencoder.kl_weight, 0.0, 1e3);
  expect_range("clip.heads", static_cast<double>(recipe.clip.heads), 1, 4096);
  expect_range("clip.layers", static_cast<double>(recipe.clip.layers), 1, 4096);
  expect_range("clip.patch_size", static_cast<double>(recipe.clip.patch_size), 1, 4096);
  expect_range("clip.width", static_cast<double>(recipe.clip.width), 1, 1 << 16);
  check_layout(recipe.layout);
  check_taesd(recipe.taesd);
  check_denoiser(recipe.denoiser);
}

}  // namespace sfumato
