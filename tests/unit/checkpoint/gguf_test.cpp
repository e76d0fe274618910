#include "sfumato/checkpoint/gguf.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/gguf_blocks.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

fs::path temporary_gguf(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / "sfumato_gguf";
  fs::create_directories(folder);
  return folder / name;
}

TensorMap some_tensors() {
  return {{"model.weight", at::linspace(-1.0, 1.0, 3 * 64).sin().view({3, 64})},
          {"model.conv", at::linspace(0.0, 2.0, 2 * 3 * 3 * 3).view({2, 3, 3, 3})},
          {"model.bias", at::arange(64, at::kFloat)},
          {"steps", at::arange(5)}};
}

TEST(Gguf, RoundTripsPlainNumbersExactly) {
  const fs::path path = temporary_gguf("f32.gguf");
  const TensorMap tensors = some_tensors();
  save_gguf(path, tensors, "F32", {{"general.architecture", "sd1"}, {"note", "Grüße"}});
  Metadata metadata;
  const TensorMap loaded = load_gguf(path, &metadata);
  EXPECT_EQ(metadata, (Metadata{{"general.architecture", "sd1"}, {"note", "Grüße"}}));
  ASSERT_EQ(loaded.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_TRUE(at::equal(loaded.at(name), tensor)) << name;
  }
}

TEST(Gguf, QuantisesRowsOfWholeBlocksOnly) {
  const TensorMap tensors = some_tensors();
  EXPECT_EQ(gguf_type_of(tensors.at("model.weight"), "Q8_0"), "Q8_0");
  EXPECT_EQ(gguf_type_of(tensors.at("model.conv"), "Q8_0"), "F32");
  EXPECT_EQ(gguf_type_of(tensors.at("model.bias"), "Q8_0"), "F32");
  EXPECT_EQ(gguf_type_of(tensors.at("model.conv"), "F16"), "F16");
  EXPECT_EQ(gguf_type_of(tensors.at("steps"), "F16"), "I64");
  EXPECT_THROW(gguf_type_of(tensors.at("steps"), "Q2_K"), Error);
}

// A block spans at most 2, so the errors are bounded by half a level of each format.
TEST(Gguf, QuantisedValuesAreWithinHalfALevel) {
  const at::Tensor weight = some_tensors().at("model.weight");
  const std::pair<const char*, double> formats[] = {
      {"Q8_0", 0.5 / 127}, {"Q4_0", 1.0 / 8}, {"Q5_1", 0.5 * 2 / 31}, {"F16", 1e-3}};
  for (const auto& [type, bound] : formats) {
    const fs::path path = temporary_gguf(std::string(type) + ".gguf");
    save_gguf(path, {{"w", weight}}, type);
    const at::Tensor loaded = load_gguf(path).at("w");
    const at::Tensor narrow = load_gguf(path, nullptr, at::kBFloat16).at("w");
    const bool plain = loaded.scalar_type() != at::kFloat;  // stays as it is
    EXPECT_TRUE(narrow.equal(plain ? loaded : loaded.to(at::kBFloat16))) << type;
    EXPECT_LT((loaded.to(at::kFloat) - weight).abs().max().item<double>(), bound * 1.05) << type;
    // Quantising again changes nothing.
    save_gguf(path, {{"w", loaded}}, type);
    EXPECT_TRUE(
        at::allclose(load_gguf(path).at("w").to(at::kFloat), loaded.to(at::kFloat), 2e-3, 2e-3))
        << type;
  }
}

TEST(Gguf, BlocksHaveTheLayoutOfGgml) {
  std::array<float, 32> values{};
  std::array<std::uint8_t, 34> block{};
  values[0] = 127.0f;  // scale 1
  values[1] = -3.0f;
  values[16] = 2.0f;
  encode_q8_0(values.data(), block.data());
  EXPECT_EQ(block[0], 0x00);  // 1.0 as float16
  EXPECT_EQ(block[1], 0x3C);
  EXPECT_EQ(block[2], 127);
  EXPECT_EQ(static_cast<std::int8_t>(block[3]), -3);
  EXPECT_EQ(block[18], 2);

  values = {};
  values[0] = -8.0f;  // the extreme value becomes level 0 with scale 1
  values[16] = 7.0f;
  encode_q4_0(values.data(), block.data());
  EXPECT_EQ(block[1], 0x3C);
  EXPECT_EQ(block[2], 0xF0);
  EXPECT_EQ(block[3], 0x88);

  values = {};
  values[1] = 31.0f;  // scale 1, least 0
  values[17] = 16.0f;
  encode_q5_1(values.data(), block.data());
  EXPECT_EQ(block[1], 0x3C);
  EXPECT_EQ(block[4], 0x02);  // fifth bits: values 1 and 17
  EXPECT_EQ(block[6], 0x02);
  EXPECT_EQ(block[9], 0x0F);
}

TEST(Gguf, RefusesDamagedFiles) {
  const fs::path path = temporary_gguf("bad.gguf");
  save_gguf(path, {{"w", at::ones({2, 32})}}, "F32");
  const std::string good = read_file(path);
  const auto refused = [&](std::string bytes) {
    write_file_atomically(path, bytes);
    try {
      load_gguf(path);
    } catch (const Error& e) {
      return e.kind() == ErrorKind::Corrupt || e.kind() == ErrorKind::Unsupported;
    }
    return false;
  };
  EXPECT_FALSE(refused(good));
  for (std::size_t size = 0; size < good.size(); size += 7) {
    EXPECT_TRUE(refused(good.substr(0, size))) << size;
  }
  for (const std::size_t at : {4, 8, 15, 16, 23}) {  // version, tensor and entry counts
    std::string bytes = good;
    bytes[at] = '\x7F';
    EXPECT_TRUE(refused(bytes)) << at;
  }
}

}  // namespace
}  // namespace sfumato
