#include <ATen/ATen.h>

#include <filesystem>
#include <set>

#include "scene_evaluation.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/data/scenes/caption.h"
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

/// The scene's caption and the same wording with every relation turned around.
std::pair<std::string, std::string> true_and_wrong_caption(const scenes::Scene& scene,
                                                           std::uint64_t seed) {
  scenes::Scene inverted = scene;
  for (auto& stated : inverted.relations) stated.relation = scenes::inverse(stated.relation);
  Random one(seed), same(seed);
  return {scenes::caption(scene, one), scenes::caption(inverted, same)};
}

at::Tensor encode_texts(TrainedClip& clip, const std::vector<std::string>& texts) {
  std::vector<std::int64_t> ids;
  for (const std::string& text : texts) {
    const auto words =
        clip.tokenizer.encode_padded(text, clip.tokenizer.context_length(), clip.pad);
    ids.insert(ids.end(), words.begin(), words.end());
  }
  const auto count = static_cast<std::int64_t>(texts.size());
  return clip.model->encode_text(at::tensor(ids, at::kLong).view({count, -1}));
}

}  // namespace

ClipScores clip_scores(const std::string& recipe_file, int groups, std::uint64_t seed,
                       const OnDone& on_done) {
  const at::NoGradGuard no_grad;
  TrainedClip clip = load_clip(recipe_file);
  DistinctScenes scenes(seed);
  double retrieved = 0.0;
  std::vector<at::Tensor> pictures;  // of scenes that state a relation
  std::vector<std::string> right, wrong;
  for (int group = 0; group < groups; ++group) {
    std::vector<Image> images;
    std::vector<std::string> texts;
    std::vector<std::int64_t> stating;
    for (const auto& drawn : scenes.draw(kChoices)) {
      images.push_back(scenes::draw_scene(drawn.scene, clip.size));
      texts.push_back(drawn.caption);
      if (drawn.scene.relations.empty()) continue;
      stating.push_back(static_cast<std::int64_t>(texts.size()) - 1);
      const auto [is, is_not] = true_and_wrong_caption(drawn.scene, seed + right.size());
      right.push_back(is);
      wrong.push_back(is_not);
    }
    const at::Tensor of_images = clip.model->encode_image(to_tensor(images));
    retrieved += text_to_image_retrieval(of_images, encode_texts(clip, texts));
    pictures.push_back(of_images.index_select(0, at::tensor(stating, at::kLong)));
    on_done(group + 1, groups);
  }
  const at::Tensor of_pictures = at::cat(pictures);
  return {retrieved / groups,
          true_text_preference(of_pictures, encode_texts(clip, right), encode_texts(clip, wrong)),
          static_cast<int>(of_pictures.size(0))};
}

}  // namespace sfumato::cli
