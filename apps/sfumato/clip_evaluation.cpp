#include <ATen/ATen.h>

#include <filesystem>
#include <set>

#include "scene_evaluation.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/data/scenes/draw_scene.h"
#include "sfumato/metrics/clip_retrieval.h"
#include "sfumato/models/clip.h"
#include "sfumato/tensor/pixels.h"
#include "sfumato/training/clip_config.h"
#include "sfumato/training/recipe.h"
#include "sfumato/training/stage.h"

namespace sfumato::cli {
namespace {

constexpr int kChoices = 100;

struct TrainedClip {
  Clip model{nullptr};
  ClipTokenizer tokenizer;
  int size = 0, pad = 0;
};

TrainedClip load_clip(const std::string& recipe_file) {
  const Recipe recipe = read_recipe(recipe_file);
  const ModelConfig family = family_of(recipe);
  const TextEncoderConfig& text = family.text_encoders.at(0);
  const std::filesystem::path out = recipe.out;
  auto tokenizer = ClipTokenizer::from_file(out / text.tokenizer_file);
  const int pad = text.pad_with_eos ? tokenizer.eos() : 0;
  Clip model(clip_config(recipe, family));
  load_into(*model, load_safetensors(out / "clip.safetensors"));
  model->eval();
  return {model, std::move(tokenizer), static_cast<int>(family.defaults.width), pad};
}

/// Scenes of the test split, no two with the same objects: else two pictures could fit a caption.
class DistinctScenes {
 public:
  explicit DistinctScenes(std::uint64_t seed) : seed_(seed) {}

  std::vector<scenes::CaptionedScene> draw(int count) {
    std::set<std::multiset<int>> taken;
    std::vector<scenes::CaptionedScene> result;
    while (static_cast<int>(result.size()) < count) {
      auto drawn =
          scenes::captioned_scene(seed_, next_++, {.objects = 0, .split = scenes::Split::Test});
      std::multiset<int> objects;
      for (const auto& o : drawn.scene.objects) {
        objects.insert(static_cast<int>(o.colour) * scenes::kShapes + static_cast<int>(o.shape));
      }
      if (taken.insert(objects).second) result.push_back(std::move(drawn));
    }
    return result;
  }

 private:
  std::uint64_t seed_, next_ = 0;
};

}  // namespace

double clip_retrieval(const std::string& recipe_file, int groups, std::uint64_t seed,
                      const OnDone& on_done) {
  const at::NoGradGuard no_grad;
  TrainedClip clip = load_clip(recipe_file);
  DistinctScenes scenes(seed);
  double right = 0.0;
  for (int group = 0; group < groups; ++group) {
    std::vector<Image> images;
    std::vector<std::int64_t> ids;
    for (const auto& drawn : scenes.draw(kChoices)) {
      images.push_back(scenes::draw_scene(drawn.scene, clip.size));
      const auto words =
          clip.tokenizer.encode_padded(drawn.caption, clip.tokenizer.context_length(), clip.pad);
      ids.insert(ids.end(), words.begin(), words.end());
    }
    const at::Tensor tokens = at::tensor(ids, at::kLong).view({kChoices, -1});
    right += text_to_image_retrieval(clip.model->encode_image(to_tensor(images)),
                                     clip.model->encode_text(tokens));
    on_done(group + 1, groups);
  }
  return right / groups;
}

}  // namespace sfumato::cli
