#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/base/toml.h"
#include "sfumato/training/adamw.h"
#include "sfumato/training/distance.h"
#include "sfumato/training/ema.h"
#include "sfumato/training/lr_schedule.h"
#include "sfumato/training/sgd.h"
#include "sfumato/training/snr_weights.h"
#include "sfumato/training/training_noise.h"

namespace sfumato {

/// What is particular to one stage; a table of its name.
struct AutoencoderRecipe {
  double kl_weight = 1e-6;
};

/// The image tower is used for training only, so the family file does not describe it.
struct ClipRecipe {
  std::int64_t patch_size = 8, width = 192, layers = 4, heads = 4;
};

struct LayoutRecipe {
  std::string clip;       ///< the out folder of that stage
  std::int64_t side = 8;  ///< cells across
};

struct TaesdRecipe {
  std::string autoencoder;                 ///< the out folder of that stage
  std::int64_t channels = 64, blocks = 3;  ///< see TinyDecoderConfig
  std::string export_folder = {};          ///< where the decoder goes as well; "": nowhere
};

struct DenoiserRecipe {
  std::string autoencoder, clip;  ///< the out folders of the two stages before
  std::string start;              ///< model whose U-Net and text encoder it begins with; "": fresh
  bool train_text_encoder = false;  ///< with the denoiser (LDM eq. 3); else it stays as it is
  double caption_dropout = 0.1;     ///< share of captions replaced by "" (classifier-free guidance)
  std::string masks;  ///< data set whose pictures, named alike, mask the loss; "": none
  NoiseConfig noise;
  SnrWeighting weighting;    ///< "snr_limits" for its limits
  double elbo_weight = 0.0;  ///< > 0: adds so much of the variational bound (training/elbo.h)
  DistanceConfig distance;
  /// Timesteps are drawn from [min, max); max 0: to the end. The noisiest decide where things are.
  std::int64_t min_timestep = 0, max_timestep = 0;
  std::vector<std::string> prompts;  ///< of the sample grid
  std::int64_t sample_steps = 20;
  double guidance = 4.0;
  std::string export_folder;  ///< where the finished model goes; "" : nowhere
};

/// A training run as its TOML file describes it. Steps count batches. Keys are the names of the
/// members, flat in their table, but those of EmaDecay begin with "ema_"; docs/recipes.md lists
/// all.
struct Recipe {
  std::string stage;             ///< "autoencoder", "clip", "layout", "taesd" or "denoiser"
  std::string family;            ///< name or path of the model family
  std::string data, validation;  ///< folders, see data/sample.h; validation may be absent
  std::string out;               ///< folder of everything the run writes
  std::int64_t steps = 1000, batch = 32, seed = 0;
  std::int64_t validation_count = 500;
  /// Copies of the network, each with a part of the batch and a thread; on a CPU, see replicas.h.
  std::int64_t replicas = 1;
  std::string precision = "float32";  ///< or "bfloat16": autocast, norms in float32

  // [optimizer]
  double learning_rate = 1e-3;
  LrSchedule schedule;
  std::string optimizer = "adamw";  ///< "kind": or "adam", "sgd"
  AdamWConfig adamw;
  SgdConfig sgd;
  double clip_grad_norm = 1.0;  ///< 0: never
  EmaDecay ema;

  // [every], in steps; 0: never
  std::int64_t log_every = 50, sample_every = 1000, save_every = 1000;

  AutoencoderRecipe autoencoder;
  ClipRecipe clip;
  LayoutRecipe layout;
  TaesdRecipe taesd;
  DenoiserRecipe denoiser;
};

/// Throws InvalidArgument naming file and key for anything unknown, missing or out of range.
Recipe read_recipe(const std::filesystem::path& path);
Recipe parse_recipe(TomlTable table);

/// Throws InvalidArgument when a number makes no sense; for values changed after reading.
void check_recipe(const Recipe& recipe);

}  // namespace sfumato
