#include "sfumato/checkpoint/open_checkpoint.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pickle_writer.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/gguf.h"
#include "zip_writer.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

fs::path in_folder(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / "sfumato_open_checkpoint";
  fs::create_directories(folder);
  return folder / name;
}

fs::path written(const std::string& name, const std::string& bytes) {
  write_file_atomically(in_folder(name), bytes);
  return in_folder(name);
}

std::string checkpoint_refusal(const fs::path& path) {
  try {
    open_checkpoint(path);
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    return e.what();
  }
  return "accepted";
}

TEST(OpenCheckpoint, GoesByContentAndNotByName) {
  const TensorMap tensors{{"w", at::rand({2, 32})}};
  save_safetensors(in_folder("a.ckpt"), tensors, {{"k", "v"}});
  const Checkpoint a = open_checkpoint(in_folder("a.ckpt"));
  EXPECT_EQ(a.format, CheckpointFormat::Safetensors);
  EXPECT_EQ(a.metadata.at("k"), "v");
  EXPECT_TRUE(at::equal(a.tensors.at("w"), tensors.at("w")));

  save_gguf(in_folder("b.safetensors"), tensors, "F32");
  EXPECT_EQ(open_checkpoint(in_folder("b.safetensors")).format, CheckpointFormat::Gguf);
}

TEST(OpenCheckpoint, KeepsTheWeightsOfATrainingState) {
  using namespace pickled;
  const std::string body =
      dict(text("state_dict") + dict(text("w") + tensor("0", 1, 0, number(1), number(1))) +
           text("epoch") + number(3));
  const fs::path path =
      written("c.pt", zip_of({{"x/data.pkl", program(body)}, {"x/data/0", std::string(4, '\0')}}));
  const Checkpoint checkpoint = open_checkpoint(path);
  EXPECT_EQ(checkpoint.format, CheckpointFormat::TorchZip);
  EXPECT_TRUE(checkpoint.tensors.contains("w"));
  EXPECT_EQ(checkpoint.metadata.at("epoch"), "3");
}

TEST(OpenCheckpoint, SaysWhatAForeignFileIs) {
  EXPECT_NE(checkpoint_refusal(written("p.pt", "version https://git-lfs.github.com/spec/v1\n"))
                .find("LFS"),
            std::string::npos);
  EXPECT_NE(checkpoint_refusal(written("h.pt", "<!DOCTYPE html>")).find("web page"),
            std::string::npos);
  EXPECT_NE(checkpoint_refusal(written("e.pt", "")).find("empty"), std::string::npos);
  EXPECT_NE(checkpoint_refusal(written("n.pt", "nothing known")), "accepted");
  EXPECT_NE(checkpoint_refusal(in_folder("absent.pt")), "accepted");
  EXPECT_NE(checkpoint_refusal(in_folder(".")), "accepted");
}

TEST(OpenCheckpoint, ShardsThatNameThemselvesAreRefused) {
  const fs::path path = written("self.safetensors.index.json",
                                R"({"weight_map": {"a": "self.safetensors.index.json"}})");
  EXPECT_NE(checkpoint_refusal(path), "accepted");
}

}  // namespace
}  // namespace sfumato
