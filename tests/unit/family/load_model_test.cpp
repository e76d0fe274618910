#include "sfumato/family/load_model.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/base/files.h"
#include "sfumato/checkpoint/safetensors.h"
#include "tiny_models.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

void expect_same_weights(const Model& a, const Model& b, double tolerance) {
  const TensorMap tensors = checkpoint_tensors(b);
  for (const auto& [name, tensor] : checkpoint_tensors(a)) {
    EXPECT_TRUE(
        at::allclose(tensor.to(at::kFloat), tensors.at(name).to(at::kFloat), tolerance, tolerance))
        << name;
  }
}

class EveryTinyModel : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Families, EveryTinyModel,
                         testing::Values("tiny_sd1", "tiny_sdxl", "tiny_ldm_vq", "tiny_unclip",
                                         "tiny_x4_upscaler"));

TEST_P(EveryTinyModel, SavingAndLoadingIsTheIdentity) {
  const fs::path folder = fresh_folder(GetParam());
  const Model model = tiny_model(GetParam());
  save_model(folder, model, at::kFloat, {{"step", "12"}});
  const Model loaded = load_model(folder, {});
  EXPECT_EQ(loaded.config.family, GetParam());
  EXPECT_EQ(loaded.config.toml, model.config.toml);
  expect_same_weights(model, loaded, 0.0);
  EXPECT_EQ(read_safetensors_index(folder / "model.safetensors").metadata.at("step"), "12");
}

TEST_P(EveryTinyModel, ASingleFileIsRecognised) {
  const fs::path folder = fresh_folder(std::string(GetParam()) + "_single");
  const Model model = tiny_model(GetParam());
  save_model(folder, model, at::kFloat);
  EXPECT_EQ(load_model(folder / "model.safetensors", {}).config.family, GetParam());
}

TEST(LoadModel, HalfStorageKeepsTheWeightsToThreeDigits) {
  const fs::path folder = fresh_folder("half");
  const Model model = tiny_model("tiny_sd1");
  save_model(folder, model, at::kHalf);
  EXPECT_EQ(read_safetensors_index(folder / "model.safetensors").tensors.begin()->second.dtype,
            "F16");
  expect_same_weights(model, load_model(folder, {}), 1e-3);
}

TEST(LoadModel, ConvertsTheWeightsToTheComputeType) {
  const fs::path folder = fresh_folder("bfloat16");
  save_model(folder, tiny_model("tiny_sd1"), at::kFloat);
  const Model model = load_model(folder, {.dtype = at::kBFloat16});
  for (const auto& [name, tensor] : checkpoint_tensors(model)) {
    EXPECT_EQ(tensor.scalar_type(), at::kBFloat16) << name;
  }
}

// SDXL's autoencoder overflows in float16.
TEST(LoadModel, LeavesTheAutoencoderInFloat32InsteadOfFloat16) {
  const fs::path folder = fresh_folder("float16");
  save_model(folder, tiny_model("tiny_sd1"), at::kFloat);
  for (const auto& [name, tensor] : checkpoint_tensors(load_model(folder, {.dtype = at::kHalf}))) {
    const bool autoencoder = name.starts_with("first_stage_model.");
    EXPECT_EQ(tensor.scalar_type(), autoencoder ? at::kFloat : at::kHalf) << name;
  }
}

TEST(LoadModel, PacksForPaintingWithoutLosingABit) {
  const fs::path folder = fresh_folder("packed");
  const Model model = tiny_model("tiny_sd1");
  save_model(folder, model, at::kFloat);
  expect_same_weights(model, load_model(folder, {.pack = true}), 0.0);
}

TEST(LoadModel, StreamsWhatDoesNotFitWithoutLosingABit) {
  const fs::path folder = fresh_folder("streamed");
  const Model model = tiny_model("tiny_sd1");
  save_model(folder, model, at::kFloat);
  const Model streamed = load_model(folder, {.pack = true, .low_memory = true});
  int hollow = 0;
  for (const auto& [name, tensor] : tensors_as_they_lie(streamed)) {
    hollow += tensor.dim() > 1 && tensor.isnan().all().item<bool>() ? 1 : 0;
  }
  EXPECT_GT(hollow, 50);
  const at::Tensor ids = at::zeros({1, 16}, at::kLong);
  EXPECT_TRUE(streamed.text_encoders.front().encode(ids).context.allclose(
      model.text_encoders.front().encode(ids).context, 1e-4, 1e-5));
  expect_same_weights(model, streamed, 0.0);
}

TEST(LoadModel, TheScaleInTheCheckpointWins) {
  const fs::path folder = fresh_folder("scale");
  Model model = tiny_model("tiny_ldm_vq");
  model.autoencoder.latent.scale = 0.75;
  save_model(folder, model, at::kHalf);
  const Model loaded = load_model(folder, {});
  EXPECT_EQ(loaded.autoencoder.latent.scale, 0.75);
  EXPECT_EQ(loaded.config.latent.scale, 0.75);
}

/// The tensors of a saved tiny_sd1, changed and written back.
template <class Change>
fs::path changed_model(const std::string& name, Change change) {
  const fs::path folder = fresh_folder(name);
  save_model(folder, tiny_model("tiny_sd1"), at::kFloat);
  TensorMap tensors;
  for (auto& [key, tensor] : load_safetensors(folder / "model.safetensors")) {
    tensors[key] = tensor.clone();
  }
  change(tensors);
  save_safetensors(folder / "model.safetensors", tensors);
  return folder;
}

TEST(LoadModel, IgnoresWhatPublishedFilesCarryAlong) {
  const fs::path folder = changed_model("extra", [](TensorMap& tensors) {
    tensors["betas"] = at::ones({1000});
    tensors["model_ema.decay"] = at::ones({});
    tensors["model_ema.num_updates"] = at::ones({}, at::kInt);
    tensors["first_stage_model.loss.logvar"] = at::ones({});
    tensors["cond_stage_model.transformer.text_model.embeddings.position_ids"] =
        at::ones({1, 16}, at::kLong);
  });
  EXPECT_NO_THROW(load_model(folder, {}));
}

TEST(LoadModel, UsesTheAveragedWeightsUnlessToldOtherwise) {
  const std::string weight = "model.diffusion_model.out.2.bias";
  const fs::path folder = changed_model("ema", [&](TensorMap& tensors) {
    TensorMap averaged;
    for (const auto& [name, tensor] : tensors) {
      if (!name.starts_with("model.diffusion_model.")) continue;
      std::string bare = name.substr(6);
      std::erase(bare, '.');
      averaged["model_ema." + bare] = at::full_like(tensor, 0.25);
    }
    ASSERT_TRUE(averaged.contains("model_ema.diffusion_modelout2bias"));
    tensors.merge(averaged);
  });
  const auto value = [&](bool use_ema) {
    return checkpoint_tensors(load_model(folder, {.use_ema = use_ema})).at(weight)[0].item<float>();
  };
  EXPECT_EQ(value(true), 0.25f);
  EXPECT_NE(value(false), 0.25f);
}

TEST(LoadModel, NamesFileAndTensorOfNonFiniteWeights) {
  const std::string weight = "model.diffusion_model.out.2.weight";
  const fs::path folder =
      changed_model("nan", [&](TensorMap& t) { t[weight].view({-1})[3] = std::nan(""); });
  const Error e = error_of([&] { load_model(folder, {}); });
  EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
  const std::string what = e.what();
  EXPECT_NE(what.find("model.safetensors: tensor '" + weight + "' has 1 NaN"), std::string::npos)
      << what;
}

TEST(LoadModel, NamesMissingAndUnexpectedTensors) {
  const fs::path folder = changed_model("missing", [](TensorMap& t) {
    t.erase("model.diffusion_model.out.2.bias");
    t["model.diffusion_model.extra"] = at::ones({2});
  });
  const Error e = error_of([&] { load_model(folder, {}); });
  EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
  EXPECT_NE(std::string(e.what()).find("1 missing, 0 misshapen, 1 unexpected"), std::string::npos)
      << e.what();
}

TEST(LoadModel, SaysWhatIsNotThere) {
  EXPECT_EQ(error_of([] { load_model("/no/such/model", {}); }).kind(), ErrorKind::NotFound);
  const fs::path folder = fresh_folder("incomplete");
  fs::create_directories(folder);
  EXPECT_EQ(error_of([&] { load_model(folder, {}); }).kind(), ErrorKind::NotFound);
  write_file_atomically(folder / "family.toml", find_family("tiny_sd1").toml);
  EXPECT_EQ(error_of([&] { load_model(folder, {}); }).kind(), ErrorKind::NotFound);
  write_file_atomically(folder / "model.ckpt", "x");
  EXPECT_EQ(error_of([&] { load_model(folder / "model.ckpt", {}); }).kind(), ErrorKind::Corrupt);
}

}  // namespace
}  // namespace sfumato
