#include <ostream>

#include "sfumato/base/error.h"
#include "sfumato/family/family.h"
#include "sfumato/training/stage.h"

namespace sfumato {

at::ScalarType precision_of(const Recipe& recipe) {
  return recipe.precision == "bfloat16" ? at::kBFloat16 : at::kFloat;
}

std::int64_t replica_count(const Recipe& recipe, at::Device device) {
  return device.is_cpu() ? recipe.replicas : 1;
}

ModelConfig family_of(const Recipe& recipe) {
  if (recipe.family.ends_with(".toml")) return read_family(recipe.family);
  return find_family(recipe.family);
}

RecipePictures read_pictures(const Recipe& recipe, const ModelConfig& family, const StageEnv& env) {
  const int size = static_cast<int>(family.defaults.width);
  env.log << "reading " << recipe.data << std::endl;
  RecipePictures pictures{load_pictures(recipe.data, size, 0, env.cancel), {}};
  if (!recipe.validation.empty()) {
    pictures.validation =
        load_pictures(recipe.validation, size, recipe.validation_count, env.cancel);
  }
  return pictures;
}

Stage make_stage(const Recipe& recipe, const StageEnv& env) {
  if (recipe.stage == "autoencoder") return autoencoder_stage(recipe, env);
  if (recipe.stage == "clip") return clip_stage(recipe, env);
  if (recipe.stage == "layout") return layout_stage(recipe, env);
  if (recipe.stage == "taesd") return taesd_stage(recipe, env);
  if (recipe.stage == "denoiser") return denoiser_stage(recipe, env);
  throw Error(ErrorKind::InvalidArgument, "recipe: unknown stage '" + recipe.stage + "'");
}

}  // namespace sfumato
