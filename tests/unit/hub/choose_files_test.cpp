#include "sfumato/hub/choose_files.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using Names = std::vector<std::string>;

HubListing listing_of(const Names& names) {
  HubListing listing;
  for (const auto& name : names) listing.files.push_back({name, 1000, "", ""});
  return listing;
}

Names chosen_of(const Names& names, const Names& patterns = {}) {
  Names chosen;
  for (const auto& file : choose_files(listing_of(names), patterns, "a/b")) {
    chosen.push_back(file.name);
  }
  return chosen;
}

TEST(ChooseFiles, OfAPipelineTakesEachPartOnce) {
  const Names wanted{"model_index.json",
                     "scheduler/scheduler_config.json",
                     "text_encoder/config.json",
                     "text_encoder/model.safetensors",
                     "tokenizer/merges.txt",
                     "tokenizer/vocab.json",
                     "unet/config.json",
                     "unet/diffusion_pytorch_model.safetensors",
                     "vae/diffusion_pytorch_model.bin"};
  Names all = wanted;
  for (const char* other :
       {".gitattributes", "README.md", "images/a.png", "v1-5-pruned.safetensors", "v1-5.ckpt",
        "v1-inference.yaml", "safety_checker/config.json", "safety_checker/model.safetensors",
        "text_encoder/model.fp16.safetensors", "text_encoder/pytorch_model.bin",
        "text_encoder/flax_model.msgpack", "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors", "unet/model.onnx",
        "vae/diffusion_pytorch_model.fp16.bin", "onnx/model.bin", "unet/optimizer.bin"}) {
    all.push_back(other);
  }
  Names found = chosen_of(all);
  std::erase(found, "v1-inference.yaml");  // small, and of use beside a single file
  EXPECT_EQ(found, wanted);
}

TEST(ChooseFiles, PrefersSafetensorsToPickles) {
  EXPECT_EQ(chosen_of({"a.ckpt", "a.safetensors", "README.md"}), Names{"a.safetensors"});
  EXPECT_EQ(chosen_of({"pytorch_model.bin", "model.safetensors", "tf_model.h5"}),
            Names{"model.safetensors"});
  EXPECT_EQ(chosen_of({"a.ckpt"}), Names{"a.ckpt"});
  // A variant that loads safely is better than the plain pickle.
  EXPECT_EQ(chosen_of({"model.fp16.safetensors", "pytorch_model.bin"}),
            Names{"model.fp16.safetensors"});
}

TEST(ChooseFiles, TakesShardsAsOne) {
  const Names shards{"config.json", "model-00001-of-00002.safetensors",
                     "model-00002-of-00002.safetensors", "model.safetensors.index.json"};
  Names all = shards;
  all.insert(all.end(),
             {"model-00001-of-00002.fp16.safetensors", "model.safetensors.index.fp16.json",
              "pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"});
  EXPECT_EQ(chosen_of(all), shards);
}

TEST(ChooseFiles, LeavesTheChoiceBetweenModelsToPeople) {
  try {
    chosen_of({"a.safetensors", "b.safetensors", "b.ckpt"});
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
    EXPECT_NE(std::string(e.what()).find("a.safetensors (1.0 kB), b.safetensors (1.0 kB)"),
              std::string::npos)
        << e.what();
    EXPECT_NE(e.hint().find("--include"), std::string::npos);
  }
}

TEST(ChooseFiles, GoesByPatterns) {
  const Names all{"README.md", "a.ckpt", "vae/b.safetensors", "vae/config.json"};
  EXPECT_EQ(chosen_of(all, {"*.ckpt"}), Names{"a.ckpt"});
  EXPECT_EQ(chosen_of(all, {"vae/*"}), (Names{"vae/b.safetensors", "vae/config.json"}));
  EXPECT_EQ(chosen_of(all, {"b.safetensors", "README.md"}),
            (Names{"README.md", "vae/b.safetensors"}));
  EXPECT_EQ(chosen_of(all, {"*"}), all);
  EXPECT_THROW(chosen_of(all, {"*", "*.gguf"}), Error);
}

TEST(ChooseFiles, SaysWhenThereIsNothing) {
  EXPECT_THROW(chosen_of({"README.md", "config.json"}), Error);
  EXPECT_THROW(chosen_of({"flax_model.msgpack", "training_args.bin"}), Error);
}

TEST(SingleFileName, SpeaksOfTheModel) {
  const auto name = [](const char* file) { return single_file_name({file, {}, "", ""}, "repo"); };
  EXPECT_EQ(name("v1-5-pruned.safetensors"), "v1-5-pruned.safetensors");
  EXPECT_EQ(name("vae/diffusion_pytorch_model.fp16.safetensors"), "repo.safetensors");
  EXPECT_EQ(name("learned_embeds.bin"), "repo.bin");
  EXPECT_EQ(name("pytorch_lora_weights.safetensors"), "repo.safetensors");
  EXPECT_EQ(name("config.json"), "config.json");
}

}  // namespace
}  // namespace sfumato
