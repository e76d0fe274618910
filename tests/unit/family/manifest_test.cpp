#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "sfumato/base/files.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/detect.h"
#include "sfumato/tensor/shape.h"
#include "tiny_models.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

// The published tensor tables and the family that each belongs to.
const std::map<std::string, std::string> kFamilyOf = {
    {"configs-autoencoder-autoencoder_kl_16x16x16", "kl_f16"},
    {"configs-autoencoder-autoencoder_kl_32x32x4", "kl_f8"},
    {"configs-autoencoder-autoencoder_kl_64x64x3", "kl_f4"},
    {"configs-autoencoder-autoencoder_kl_8x8x64", "kl_f32"},
    {"configs-latent-diffusion-celebahq-ldm-vq-4", "ldm_unconditional_256"},
    {"configs-latent-diffusion-cin-ldm-vq-f8", "ldm_cin_256_vq_f8"},
    {"configs-latent-diffusion-cin256-v2", "ldm_cin_256"},
    {"configs-latent-diffusion-ffhq-ldm-vq-4", "ldm_unconditional_256"},
    {"configs-latent-diffusion-lsun_bedrooms-ldm-vq-4", "ldm_unconditional_256"},
    {"configs-latent-diffusion-lsun_churches-ldm-kl-8", "ldm_lsun_churches_256"},
    {"configs-latent-diffusion-txt2img-1p4B-eval", "ldm_txt2img_1p4b"},
    {"configs-retrieval-augmented-diffusion-768x768", "ldm_retrieval_768"},
    {"models-first_stage_models-kl-f16", "kl_f16"},
    {"models-first_stage_models-kl-f32", "kl_f32"},
    {"models-first_stage_models-kl-f4", "kl_f4"},
    {"models-first_stage_models-kl-f8", "kl_f8"},
    {"models-first_stage_models-vq-f16", "vq_f16"},
    {"models-first_stage_models-vq-f4", "vq_f4"},
    {"models-first_stage_models-vq-f4-noattn", "vq_f4_noattn"},
    {"models-first_stage_models-vq-f8", "vq_f8"},
    {"models-first_stage_models-vq-f8-n256", "vq_f8_n256"},
    {"models-ldm-bsr_sr", "ldm_superres_4x"},
    {"models-ldm-celeba256", "ldm_unconditional_256"},
    {"models-ldm-cin256", "ldm_cin_256_vq_f8"},
    {"models-ldm-ffhq256", "ldm_unconditional_256"},
    {"models-ldm-inpainting_big", "ldm_inpaint_512"},
    {"models-ldm-layout2img-openimages256", "ldm_layout2img_256"},
    {"models-ldm-lsun_beds256", "ldm_unconditional_256"},
    {"models-ldm-lsun_churches256", "ldm_lsun_churches_256"},
    {"models-ldm-semantic_synthesis256", "ldm_semantic_256"},
    {"models-ldm-semantic_synthesis512", "ldm_semantic_512"},
    {"models-ldm-text2img256", "ldm_text2img_256_vq_f4"},
    {"sd-v1", "sd15"},
    {"sd2-v2-1-stable-unclip-h-inference", "sd21_unclip_h"},
    {"sd2-v2-1-stable-unclip-l-inference", "sd21_unclip_l"},
    {"sd2-v2-inference", "sd21_base"},
    {"sd2-v2-inference-v", "sd21_v"},
    {"sd2-v2-inpainting-inference", "sd2_inpaint"},
    {"sd2-v2-midas-inference", "sd2_depth"},
    {"sd2-x4-upscaling", "sd2_x4_upscaler"},
    {"sdxl-base", "sdxl_base"},
    {"sdxl-refiner", "sdxl_refiner"},
};

// Same tensors, different meaning: these must be refused, not guessed.
const std::map<std::string, std::string> kTwins = {
    {"sd21_base", "sd21_v"},
    {"sd21_v", "sd21_base"},
    {"ldm_semantic_256", "ldm_semantic_512"},
    {"ldm_semantic_512", "ldm_semantic_256"},
};

fs::path manifests() { return fs::path(SFUMATO_SOURCE_DIR) / "../shared/manifests"; }

TensorIndex read_manifest(const fs::path& path) {
  TensorIndex index;
  const auto root = nlohmann::json::parse(read_file(path));
  for (const auto& [name, entry] : root["tensors"].items()) {
    index[name] = {entry[0], entry[1].get<std::vector<std::int64_t>>()};
  }
  return index;
}

/// The family of a table, without the parts that the table leaves out.
ModelConfig family_of_table(const std::string& name, const TensorIndex& table) {
  TensorMap names;
  for (const auto& [key, info] : table) names.try_emplace(key);
  return with_parts_of(find_family(kFamilyOf.at(name)), names);
}

/// Differences between the model's tensors and the table, at most five lines of them.
std::string differences(const TensorMap& model, const TensorIndex& table,
                        const ModelConfig& config) {
  std::vector<std::string> lines;
  for (const auto& [name, tensor] : model) {
    const auto found = table.find(name);
    if (found == table.end()) {
      lines.push_back("only in the model: " + name);
    } else if (tensor.sizes() != at::IntArrayRef(found->second.shape)) {
      lines.push_back(name + ": model " + shape_string(tensor.sizes()) + ", file " +
                      shape_string(found->second.shape));
    }
  }
  for (const auto& [name, info] : table) {
    if (!model.contains(name) && !is_ignored(name, config)) {
      lines.push_back("only in the file: " + name);
    }
  }
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 5); ++i) text += lines[i] + "\n";
  if (lines.size() > 5) text += "... " + std::to_string(lines.size()) + " in all";
  return text;
}

TEST(Manifests, EveryFamilyHasExactlyThePublishedTensors) {
  if (!fs::exists(manifests())) GTEST_SKIP() << "no tensor tables at " << manifests();
  int seen = 0;
  for (const auto& item : fs::directory_iterator(manifests())) {
    if (item.path().extension() != ".json") continue;
    const std::string name = item.path().stem();
    ASSERT_TRUE(kFamilyOf.contains(name)) << name << " belongs to no family";
    const TensorIndex table = read_manifest(item.path());
    const Model model = describe_model(family_of_table(name, table));
    const TensorMap tensors = checkpoint_tensors(model);
    for (const auto& [key, tensor] : tensors) {
      ASSERT_TRUE(tensor.is_meta() || tensor.dim() == 0) << key << " takes memory";
    }
    EXPECT_EQ(differences(tensors, table, model.config), "") << name;
    ++seen;
  }
  EXPECT_EQ(seen, static_cast<int>(kFamilyOf.size()));
}

TEST(Manifests, AreRecognisedOrRefusedWithBothNames) {
  if (!fs::exists(manifests())) GTEST_SKIP() << "no tensor tables at " << manifests();
  for (const auto& [name, family] : kFamilyOf) {
    const TensorIndex index = read_manifest(manifests() / (name + ".json"));
    if (!kTwins.contains(family)) {
      EXPECT_EQ(detect_family(index, "m").family, family) << name;
      continue;
    }
    const Error e = error_of([&] { detect_family(index, "m.safetensors"); });
    EXPECT_EQ(e.kind(), ErrorKind::Unsupported);
    EXPECT_NE(e.hint().find("--family " + family), std::string::npos) << e.what();
    EXPECT_NE(e.hint().find("--family " + kTwins.at(family)), std::string::npos) << e.what();
  }
}

TEST(Families, EveryOneIsRecognisedByItsOwnTensors) {
  for (const auto& config : families()) {
    if (kTwins.contains(config.family)) continue;
    TensorIndex index;
    for (const auto& [name, tensor] : checkpoint_tensors(describe_model(config))) {
      index[name] = {"", tensor.sizes().vec()};
    }
    EXPECT_EQ(detect_family(index, "m").family, config.family);
  }
}

TEST(DetectFamily, ANewWidthIsRefusedWithTheClosestFamilyAndTheDifference) {
  TensorIndex index;
  for (const auto& [name, tensor] : checkpoint_tensors(describe_model(find_family("sd15")))) {
    index[name] = {"", tensor.sizes().vec()};
  }
  index["model.diffusion_model.input_blocks.0.0.weight"].shape = {320, 12, 3, 3};
  const Error e = error_of([&] { detect_family(index, "m.safetensors"); });
  EXPECT_EQ(e.kind(), ErrorKind::Unsupported);
  EXPECT_NE(std::string(e.what()).find("closest is sd15"), std::string::npos) << e.what();
  EXPECT_NE(std::string(e.what()).find("found [320, 12, 3, 3]"), std::string::npos) << e.what();
}

}  // namespace
}  // namespace sfumato
