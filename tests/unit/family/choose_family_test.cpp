#include "sfumato/family/choose_family.h"

#include <gtest/gtest.h>

#include "sfumato/base/files.h"
#include "tiny_models.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

TensorMap shapes_only(const std::string& family) {
  return checkpoint_tensors(describe_model(find_family(family)));
}

/// Of SD 2, whose base and v have the same tensors.
FamilyChoice choose_sd2(const fs::path& file, const Metadata& metadata = {},
                        std::optional<Prediction> prediction = {}) {
  return choose_family(shapes_only("sd21_v"), metadata, file, "", prediction);
}

TEST(ChooseFamily, TheTensorsAloneNeedNoNote) {
  const FamilyChoice choice = choose_family(shapes_only("sd15"), {}, "m.ckpt", "", {});
  EXPECT_EQ(choice.config.family, "sd15");
  EXPECT_TRUE(choice.twins.empty());
  EXPECT_EQ(choice.note, "");
}

TEST(ChooseFamily, TwinsAreLeftToTheNetwork) {
  const FamilyChoice choice = choose_sd2("m.ckpt");
  ASSERT_EQ(choice.twins.size(), 2u);
  EXPECT_NE(choice.twins[0]->prediction, choice.twins[1]->prediction);
}

TEST(ChooseFamily, WhatLiesBesideTellsTwinsApart) {
  const fs::path folder = fresh_folder("beside");
  make_folder(folder / "scheduler");
  const fs::path file = folder / "m.ckpt";
  write_file_atomically(file, "");
  write_file_atomically(folder / "scheduler" / "scheduler_config.json",
                        R"({"prediction_type": "v_prediction"})");
  EXPECT_EQ(choose_sd2(file).config.family, "sd21_v");
  const Metadata said{{"modelspec.prediction_type", "epsilon"}};
  EXPECT_EQ(choose_sd2(file, said).config.family, "sd21_base");
  write_file_atomically(folder / "m.yaml",
                        "model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n"
                        "  params:\n    parameterization: \"v\"\n");
  const FamilyChoice choice = choose_sd2(file, said);
  EXPECT_EQ(choice.config.family, "sd21_v");
  EXPECT_NE(choice.note.find("m.yaml beside it says so"), std::string::npos) << choice.note;
  write_file_atomically(folder / "m.yaml",
                        "model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n");
  EXPECT_EQ(choose_sd2(file).config.family, "sd21_base");
}

TEST(ChooseFamily, MarksSayWhatAFineTuneOfSdxlWasTrainedFor) {
  TensorMap tensors = shapes_only("sdxl_base");
  EXPECT_FALSE(
      choose_family(tensors, {}, "m.safetensors", "", {}).config.schedule.zero_terminal_snr);
  tensors["v_pred"] = tensors["ztsnr"] = at::zeros({0});
  const FamilyChoice choice = choose_family(tensors, {}, "m.safetensors", "", {});
  EXPECT_EQ(choice.config.family, "sdxl_base");
  EXPECT_EQ(choice.config.prediction, Prediction::V);
  EXPECT_TRUE(choice.config.schedule.zero_terminal_snr);
  EXPECT_NE(choice.note.find("zero terminal SNR: its tensor ztsnr"), std::string::npos)
      << choice.note;
  const FamilyChoice named = choose_family(tensors, {}, "m.safetensors", "sdxl_base", {});
  EXPECT_EQ(named.config.prediction, Prediction::V);
  EXPECT_TRUE(named.config.schedule.zero_terminal_snr);
}

TEST(ChooseFamily, ASchedulerMayRescaleTheNoiseOfTwins) {
  const Metadata scheduler{
      {"diffusers.scheduler",
       R"({"prediction_type": "v_prediction", "rescale_betas_zero_snr": true})"}};
  const FamilyChoice choice = choose_sd2("m", scheduler);
  EXPECT_EQ(choice.config.family, "sd21_v");
  EXPECT_TRUE(choice.config.schedule.zero_terminal_snr);
}

TEST(ChooseFamily, TheUserHasTheLastWord) {
  EXPECT_EQ(
      choose_sd2("m.ckpt", {{"modelspec.prediction_type", "epsilon"}}, Prediction::V).config.family,
      "sd21_v");
  const FamilyChoice tuned = choose_family(shapes_only("sd15"), {}, "m.ckpt", "", Prediction::V);
  EXPECT_EQ(tuned.config.family, "sd15");
  EXPECT_EQ(tuned.config.prediction, Prediction::V);
  EXPECT_NE(tuned.note.find("sd15 that predicts v"), std::string::npos) << tuned.note;
  const FamilyChoice named = choose_family(shapes_only("sd21_v"), {}, "m.ckpt", "sd21_base", {});
  EXPECT_EQ(named.config.family, "sd21_base");
  EXPECT_TRUE(named.twins.empty());
}

TEST(ChooseFamily, AFineTuneMayPredictSomethingElse) {
  const FamilyChoice choice = choose_family(
      shapes_only("sd15"), {{"modelspec.prediction_type", "v"}}, "m.ckpt", "", std::nullopt);
  EXPECT_EQ(choice.config.family, "sd15");
  EXPECT_EQ(choice.config.prediction, Prediction::V);
  EXPECT_NE(choice.note.find("its metadata says so"), std::string::npos) << choice.note;
}

}  // namespace
}  // namespace sfumato
