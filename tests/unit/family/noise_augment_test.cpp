#include "sfumato/family/noise_augment.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/load_model.h"
#include "tiny_models.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

// Nichol & Dhariwal 2021, eq. 17
double cosine_alpha_bar(double share) {
  const auto f = [](double t) { return std::pow(std::cos((t + 0.008) / 1.008 * M_PI / 2), 2); };
  return f(share) / f(0);
}

TEST(NoiseAugment, MixesPictureAndNoiseByTheOwnSchedule) {
  const ModelConfig& unclip = find_family("sd21_unclip_h");
  const at::Tensor ones = at::ones({2, 5}), none = at::zeros({2, 5});
  const double alpha_bar = cosine_alpha_bar(0.5);
  EXPECT_TRUE(at::allclose(noise_augmented(unclip, ones, none, 499), ones * std::sqrt(alpha_bar)));
  EXPECT_TRUE(
      at::allclose(noise_augmented(unclip, none, ones, 499), ones * std::sqrt(1 - alpha_bar)));

  const ModelConfig& upscaler = find_family("sd2_x4_upscaler");
  EXPECT_TRUE(at::allclose(noise_augmented(upscaler, none, ones, 0), ones * std::sqrt(1e-4)));
  EXPECT_NO_THROW(noise_augmented(upscaler, ones, none, 350));
  EXPECT_EQ(error_of([&] { noise_augmented(upscaler, ones, none, 351); }).kind(),
            ErrorKind::InvalidArgument);
  EXPECT_EQ(error_of([&] { noise_augmented(find_family("sd15"), ones, none, 0); }).kind(),
            ErrorKind::Unsupported);
}

TEST(NoiseAugment, EmbeddingsAreNoisedInUnitsOfTheirStatistics) {
  Model model = tiny_model("tiny_unclip");
  model.image_encoder.mean = at::full({1, 16}, 3.0);
  model.image_encoder.deviation = at::full({1, 16}, 2.0);
  const at::Tensor embedding = at::full({1, 16}, 7.0), none = at::zeros({1, 16});
  const double signal = std::sqrt(cosine_alpha_bar(0.25));
  const at::Tensor vector = embedding_vector(model, embedding, none, 249);
  ASSERT_EQ(vector.sizes(), at::IntArrayRef({1, 32}));
  EXPECT_TRUE(at::allclose(vector.narrow(1, 0, 16), at::full({1, 16}, 3.0 + 4.0 * signal)));
  // The level like a timestep: cosines, then sines; the first frequency is 1.
  EXPECT_NEAR(vector[0][16].item<float>(), std::cos(249.0), 1e-4);
  EXPECT_NEAR(vector[0][24].item<float>(), std::sin(249.0), 1e-4);
}

/// A saved tiny_unclip with its tensors changed.
template <class Change>
fs::path changed_unclip(const std::string& name, Change change) {
  const fs::path folder = fresh_folder(name);
  save_model(folder, tiny_model("tiny_unclip"), at::kFloat);
  TensorMap tensors;
  for (auto& [key, tensor] : load_safetensors(folder / "model.safetensors")) {
    tensors[key] = tensor.clone();
  }
  change(tensors);
  save_safetensors(folder / "model.safetensors", tensors);
  return folder;
}

TEST(ImageEncoder, ComesFromTheTensorsOfTheEmbedder) {
  const fs::path folder = changed_unclip("unclip", [](TensorMap& tensors) {
    tensors.at("embedder.model.visual.proj").fill_(0.5);
    tensors["embedder.model.ln_final.weight"] = at::ones({16});  // of the text tower beside it
  });
  const Model model = load_model(folder, {});
  EXPECT_EQ(embedded_picture_side(model), 32);
  const at::Tensor embedding = embedded_pictures(model, at::rand({2, 3, 32, 32}));
  ASSERT_EQ(embedding.sizes(), at::IntArrayRef({2, 16}));
  // All columns of the projection are alike.
  EXPECT_TRUE(at::allclose(embedding, embedding.select(1, 0).unsqueeze(1).expand({2, 16})));
  EXPECT_TRUE(at::equal(model.image_encoder.deviation, at::ones({1, 16})));
}

TEST(ImageEncoder, TakesTheStatisticsOfFilesThatHaveThem) {
  const fs::path folder = changed_unclip("unclip_statistics", [](TensorMap& tensors) {
    tensors[kEmbeddingMean] = at::full({1, 16}, 0.25);
    tensors[kEmbeddingDeviation] = at::full({1, 16}, 0.5);
  });
  const Model model = load_model(folder, {});
  EXPECT_TRUE(at::equal(model.image_encoder.mean, at::full({1, 16}, 0.25)));
  const fs::path again = fresh_folder("unclip_statistics_again");
  save_model(again, model, at::kFloat);
  EXPECT_TRUE(at::equal(load_model(again, {}).image_encoder.deviation, at::full({1, 16}, 0.5)));
}

TEST(ImageEncoder, MayBeMissingAsAWholeButNotInPart) {
  const fs::path without = changed_unclip("unclip_without", [](TensorMap& tensors) {
    std::erase_if(tensors, [](const auto& item) { return item.first.starts_with("embedder."); });
  });
  const Model model = load_model(without, {});
  EXPECT_TRUE(reads_pictures(model.config));
  EXPECT_EQ(error_of([&] { embedded_picture_side(model); }).kind(), ErrorKind::Unsupported);

  const fs::path torn = changed_unclip(
      "unclip_torn", [](TensorMap& tensors) { tensors.erase("embedder.model.visual.proj"); });
  EXPECT_EQ(error_of([&] { load_model(torn, {}); }).kind(), ErrorKind::Corrupt);
}

}  // namespace
}  // namespace sfumato
