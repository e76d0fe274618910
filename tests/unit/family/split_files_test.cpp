#include "sfumato/family/split_files.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/base/files.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/load_model.h"
#include "tiny_models.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTextPrefix = "cond_stage_model.transformer.";

/// Two models of one family, and the parts of the second in files of their own.
class SplitFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    make_folder(folder_);
    part("unet.safetensors", "model.diffusion_model.");
    part("vae.safetensors", "first_stage_model.");
    part("clip.safetensors", kTextPrefix);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  void part(const std::string& name, const std::string& prefix) {
    save_safetensors(folder_ / name, with_prefix_removed(second_, prefix), {});
  }

  /// By the first tensor of each: 1 or 2, the model that it is of.
  std::string origins(const Checkpoint& checkpoint) const {
    const TensorMap& tensors = checkpoint.tensors;
    std::string text;
    for (const auto& name : {"model.diffusion_model.input_blocks.0.0.weight",
                             "first_stage_model.decoder.conv_in.weight",
                             "cond_stage_model.transformer.text_model.embeddings."
                             "token_embedding.weight"}) {
      const at::Tensor found = tensors.at(name);
      text += found.equal(second_.at(name)) ? "2" : found.equal(first_.at(name)) ? "1" : "?";
    }
    return text;
  }

  Checkpoint first() const { return {.tensors = first_, .metadata = {}, .format = {}}; }

  fs::path folder_ = fresh_folder("split");
  TensorMap first_ = checkpoint_tensors(make_model(find_family("tiny_sd1"), byte_tokenizer(), 1));
  TensorMap second_ = checkpoint_tensors(make_model(find_family("tiny_sd1"), byte_tokenizer(), 2));
};

TEST_F(SplitFilesTest, EachPartTakesThePlaceOfTheModelsOwn) {
  EXPECT_EQ(origins(with_split_files(first(), {}, nullptr)), "111");
  EXPECT_EQ(origins(with_split_files(first(), {.unet = path("unet.safetensors")}, nullptr)), "211");
  EXPECT_EQ(origins(with_split_files(first(), {.vae = path("vae.safetensors")}, nullptr)), "121");
  EXPECT_EQ(origins(with_split_files(first(), {.clip = {path("clip.safetensors")}}, nullptr)),
            "112");
}

TEST_F(SplitFilesTest, PartsAloneMakeAModel) {
  const SplitFiles files{.unet = path("unet.safetensors"),
                         .vae = path("vae.safetensors"),
                         .clip = {path("clip.safetensors")}};
  const TensorMap whole = with_split_files({}, files, nullptr).tensors;
  EXPECT_EQ(whole.size(), second_.size());
  for (const auto& [name, tensor] : second_) EXPECT_TRUE(whole.at(name).equal(tensor)) << name;
}

TEST_F(SplitFilesTest, AveragesOfAReplacedNetworkGoToo) {
  first_["model_ema.diffusion_modelout2bias"] = at::zeros({4});
  const auto whole = with_split_files(first(), {.unet = path("unet.safetensors")}, nullptr);
  EXPECT_FALSE(whole.tensors.contains("model_ema.diffusion_modelout2bias"));
}

TEST_F(SplitFilesTest, WhatTheNetworkPredictsIsSaidByItsOwnFile) {
  TensorMap marked = with_prefix_removed(second_, "model.diffusion_model.");
  marked["v_pred"] = at::zeros({0});
  const Metadata own{{"modelspec.prediction_type", "v"}};
  save_safetensors(folder_ / "tuned.safetensors", marked, own);
  Checkpoint base = first();
  base.tensors["ztsnr"] = at::zeros({0});
  base.metadata = {{"modelspec.prediction_type", "epsilon"}, {"modelspec.title", "base"}};
  const auto whole = with_split_files(base, {.unet = path("tuned.safetensors")}, nullptr);
  EXPECT_TRUE(whole.tensors.contains("v_pred"));
  EXPECT_FALSE(whole.tensors.contains("ztsnr"));
  EXPECT_EQ(whole.metadata.at("modelspec.prediction_type"), "v");
  EXPECT_EQ(whole.metadata.at("modelspec.title"), "base");
}

TEST_F(SplitFilesTest, MarksOfANewNetworkCountInAModelThatKnowsItsFamily) {
  save_model(folder_ / "own", make_model(find_family("tiny_sd1"), byte_tokenizer(), 1), at::kFloat);
  LoadOptions options;
  std::string note;
  options.split.unet = path("unet.safetensors");
  options.on_note = [&](const std::string& text) { note += text; };
  EXPECT_EQ(load_model(path("own"), options).config.prediction, Prediction::Epsilon);
  EXPECT_EQ(note, "");

  TensorMap marked = with_prefix_removed(second_, "model.diffusion_model.");
  marked["v_pred"] = marked["ztsnr"] = at::zeros({0});
  save_safetensors(path("marked.safetensors"), marked, {});
  options.split.unet = path("marked.safetensors");
  const ModelConfig config = load_model(path("own"), options).config;
  EXPECT_EQ(config.prediction, Prediction::V);
  EXPECT_TRUE(config.schedule.zero_terminal_snr);
  EXPECT_NE(note.find("v_pred"), std::string::npos) << note;
  note.clear();
  options.prediction = Prediction::Epsilon;
  EXPECT_EQ(load_model(path("own"), options).config.prediction, Prediction::Epsilon);
  EXPECT_EQ(note.find("v_pred"), std::string::npos) << note;

  options.prediction = std::nullopt;
  save_safetensors(path("told.safetensors"), with_prefix_removed(second_, "model.diffusion_model."),
                   {{"modelspec.prediction_type", "v"}});
  options.split.unet = path("told.safetensors");
  EXPECT_EQ(load_model(path("own"), options).config.prediction, Prediction::V);
}

TEST_F(SplitFilesTest, AFileWithoutItsPartIsRefused) {
  const auto refused = [&](const SplitFiles& files) {
    return error_of([&] { with_split_files(first(), files, nullptr); });
  };
  EXPECT_EQ(refused({.vae = path("clip.safetensors")}).kind(), ErrorKind::Corrupt);
  EXPECT_EQ(refused({.unet = path("vae.safetensors")}).kind(), ErrorKind::Corrupt);
  const Error e = refused({.clip = {path("vae.safetensors")}});
  EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
  EXPECT_NE(std::string(e.what()).find("tiny_sd1"), std::string::npos) << e.what();
}

TEST_F(SplitFilesTest, AnAutoencoderOfAnotherShapeIsRefused) {
  second_["first_stage_model.decoder.conv_in.weight"] = at::zeros({8, 4, 3, 3});
  part("other.safetensors", "first_stage_model.");
  const Error e =
      error_of([&] { with_split_files(first(), {.vae = path("other.safetensors")}, nullptr); });
  EXPECT_NE(std::string(e.what()).find("[8, 4, 3, 3]"), std::string::npos) << e.what();
}

}  // namespace
}  // namespace sfumato
