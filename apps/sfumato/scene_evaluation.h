#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sfumato/base/cancel.h"
#include "sfumato/data/scenes/generate.h"
#include "sfumato/data/scenes/scene_reader.h"
#include "sfumato/family/model.h"
#include "sfumato/image/image.h"
#include "sfumato/request/text_to_image.h"

/// How well a model knows the scenes data set; `sfumato eval scenes` prints the result.
namespace sfumato::cli {

/// How far an evaluation is; may throw to stop it.
using OnDone = std::function<void(std::int64_t done, std::int64_t total)>;

/// The share of freshly drawn scenes that the scene reader reads without a mistake.
double reader_accuracy(int count, int size, std::uint64_t seed, const OnDone& on_done);

/// A caption, what was painted for it, and what the scene reader sees there.
struct PaintedScene {
  std::string caption;
  scenes::SceneDescription expected;
  Image image;
  scenes::SeenScene seen;
  scenes::SceneCheck check;
};

/// Paints `count` captions of (seed, options). `request` has its defaults filled in; every picture
/// has its own noise seed.
std::vector<PaintedScene> paint_scenes(const Model& model, const TextToImageRequest& request,
                                       const scenes::SceneOptions& options, int count,
                                       std::uint64_t seed, const OnDone& on_done);

/// The share of pictures with every object and every stated relation right.
double accuracy(std::span<const PaintedScene> painted);
/// The share with every object right, wherever it stands.
double object_accuracy(std::span<const PaintedScene> painted);

/// Caption and what was seen instead: "red circle | red ring, blue star".
std::string verdict(const PaintedScene& painted);

/// Mean PSNR in dB of encoding and decoding `count` scenes that no training run draws.
double autoencoder_psnr(const Model& model, int count, std::uint64_t seed, const OnDone& on_done);

struct ClipScores {
  /// The share of captions whose nearest picture among 100 scenes with different objects is theirs.
  double retrieved;
  /// The share of pictures that prefer their caption to the one with its relation inverted, and of
  /// how many.
  double relations_right;
  int relations;
};

/// Both towers come from the finished run of a clip recipe; `groups` times 100 scenes.
ClipScores clip_scores(const std::string& recipe_file, int groups, std::uint64_t seed,
                       const OnDone& on_done);

}  // namespace sfumato::cli
