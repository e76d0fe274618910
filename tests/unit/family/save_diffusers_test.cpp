#include "sfumato/family/save_diffusers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sfumato/base/files.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/family/diffusers_configs.h"
#include "sfumato/family/load_model.h"
#include "tiny_models.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

nlohmann::json json_in(const fs::path& path) { return nlohmann::json::parse(read_file(path)); }

class EveryDiffusersModel : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Families, EveryDiffusersModel, testing::Values("tiny_sd1", "tiny_sdxl"));

TEST_P(EveryDiffusersModel, ComesBackFromItsFolder) {
  const fs::path folder = fresh_folder(std::string(GetParam()) + "_diffusers");
  const Model model = tiny_model(GetParam());
  const TensorMap tensors = checkpoint_tensors(model);
  EXPECT_TRUE(save_diffusers(folder / "", tensors, model.config, {}, std::nullopt).empty());

  const Checkpoint loaded = open_checkpoint(folder);
  EXPECT_EQ(loaded.format, CheckpointFormat::Diffusers);
  EXPECT_EQ(loaded.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    ASSERT_TRUE(loaded.tensors.contains(name)) << name;
    EXPECT_TRUE(at::equal(loaded.tensors.at(name), tensor)) << name;
  }
}

TEST(SaveDiffusers, AModelLoadsFromItsFolderWithTokenizerAndScheduler) {
  const fs::path folder = fresh_folder("whole_diffusers");
  const Model model = tiny_model("tiny_sdxl");
  save_diffusers(folder, checkpoint_tensors(model), model.config, {}, std::nullopt,
                 byte_tokenizer());
  const Model loaded = load_model(folder.string(), {});
  ASSERT_EQ(loaded.text_encoders.size(), 2u);
  EXPECT_EQ(loaded.text_encoders[0].tokenizer->encode("a cat"),
            model.text_encoders[0].tokenizer->encode("a cat"));
  EXPECT_EQ(loaded.config.scheduler, "");  // nobody chose it
  EXPECT_EQ(json_in(folder / "tokenizer_2/tokenizer_config.json")["pad_token"], "!");

  const fs::path without = fresh_folder("no_tokenizer");
  save_diffusers(without, checkpoint_tensors(model), model.config, {}, std::nullopt);
  EXPECT_FALSE(fs::exists(without / "tokenizer"));
}

TEST(SaveDiffusers, KeepsTheSchedulerThatCameWithTheModel) {
  const fs::path folder = fresh_folder("scheduler");
  const Model model = tiny_model("tiny_sd1");
  const TensorMap tensors = checkpoint_tensors(model);
  const std::string own = R"({"_class_name":"HeunDiscreteScheduler","prediction_type":"epsilon"})";
  save_diffusers(folder, tensors, model.config, {{"diffusers.scheduler", own}}, at::kHalf);
  EXPECT_EQ(json_in(folder / "scheduler/scheduler_config.json"), nlohmann::json::parse(own));
  const Model loaded = load_model(folder.string(), {});
  EXPECT_EQ(nlohmann::json::parse(loaded.config.scheduler), nlohmann::json::parse(own));
  const auto index = json_in(folder / "model_index.json");
  EXPECT_EQ(index["_class_name"], "StableDiffusionPipeline");
  EXPECT_EQ(index["scheduler"][1], "HeunDiscreteScheduler");
  EXPECT_EQ(open_checkpoint(folder).tensors.begin()->second.scalar_type(), at::kHalf);

  // One that contradicts the family is not the model's.
  const fs::path other = fresh_folder("scheduler_v");
  const std::string wrong = R"({"_class_name":"DDIMScheduler","prediction_type":"v_prediction"})";
  save_diffusers(other, tensors, model.config, {{"diffusers.scheduler", wrong}}, std::nullopt);
  EXPECT_EQ(json_in(other / "scheduler/scheduler_config.json")["prediction_type"], "epsilon");
}

TEST(SaveDiffusers, ReplacesNothingAndLeavesNothingHalfWritten) {
  const fs::path folder = fresh_folder("taken");
  const Model model = tiny_model("tiny_sd1");
  TensorMap tensors = checkpoint_tensors(model);
  fs::create_directories(folder);
  write_file_atomically(folder / "note", "mine");
  const auto save = [&](const fs::path& to) {
    save_diffusers(to, tensors, model.config, {}, std::nullopt);
  };
  EXPECT_EQ(error_of([&] { save(folder); }).kind(), ErrorKind::InvalidArgument);
  EXPECT_EQ(read_file(folder / "note"), "mine");

  tensors.erase("first_stage_model.quant_conv.bias");
  const fs::path fresh = folder / "fresh";
  const Error error = error_of([&] { save(fresh); });
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  EXPECT_NE(std::string(error.what()).find("quant_conv.bias"), std::string::npos);
  EXPECT_FALSE(fs::exists(fresh));
}

TEST(DiffusersConfigs, AreThoseOfThePublishedFolders) {
  const auto sd1 = diffusers_parts(find_family("sd15"));
  ASSERT_EQ(sd1.size(), 3u);
  EXPECT_EQ(sd1[0].config["attention_head_dim"], 8);
  EXPECT_EQ(sd1[0].config["block_out_channels"], nlohmann::json({320, 640, 1280, 1280}));
  EXPECT_EQ(sd1[0].config["down_block_types"][3], "DownBlock2D");
  EXPECT_EQ(sd1[0].config["up_block_types"][0], "UpBlock2D");
  EXPECT_EQ(sd1[0].config["sample_size"], 64);

  const auto sd2 = diffusers_parts(find_family("sd21_v"));
  EXPECT_EQ(sd2[0].config["attention_head_dim"], nlohmann::json({5, 10, 20, 20}));
  EXPECT_EQ(sd2[2].config["num_hidden_layers"], 23);
  EXPECT_EQ(diffusers_scheduler(find_family("sd21_v"))["prediction_type"], "v_prediction");

  const auto xl = diffusers_parts(find_family("sdxl_base"));
  ASSERT_EQ(xl.size(), 4u);
  EXPECT_EQ(xl[0].config["transformer_layers_per_block"], nlohmann::json({1, 2, 10}));
  EXPECT_EQ(xl[0].config["projection_class_embeddings_input_dim"], 2816);
  EXPECT_EQ(xl[3].folder, "text_encoder_2");
  const auto refiner = diffusers_index(find_family("sdxl_refiner"), "EulerDiscreteScheduler");
  EXPECT_TRUE(refiner["text_encoder"][1].is_null());
  EXPECT_EQ(refiner["text_encoder_2"][1], "CLIPTextModelWithProjection");

  const auto refused = [](const char* family) {
    return error_of([&] { diffusers_parts(find_family(family)); }).kind();
  };
  EXPECT_EQ(refused("tiny_ldm_vq"), ErrorKind::Unsupported);
  EXPECT_EQ(refused("kl_f8"), ErrorKind::Unsupported);
  EXPECT_EQ(refused("sd21_unclip_h"), ErrorKind::Unsupported);
}

}  // namespace
}  // namespace sfumato
