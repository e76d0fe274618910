#include "sfumato/checkpoint/storage_type.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/gguf.h"
#include "sfumato/checkpoint/safetensors.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

fs::path in_type_folder(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / "sfumato_storage_type";
  fs::create_directories(folder);
  return folder / name;
}

const TensorMap& mixed() {
  static const TensorMap tensors{{"bias", at::rand({3}).to(at::kBFloat16)},
                                 {"ids", at::arange(4)},
                                 {"scale", at::scalar_tensor(0.18215, at::kFloat)},
                                 {"weight", at::rand({2, 32})},
                                 {"half", at::rand({5, 7}).to(at::kHalf)}};
  return tensors;
}

void expect_identical(const TensorMap& got, const TensorMap& want) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, tensor] : want) {
    EXPECT_EQ(got.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(got.at(name), tensor)) << name;
  }
}

TEST(StorageType, ChangesWeightsOnly) {
  save_safetensors(in_type_folder("a.safetensors"), mixed(), {}, at::kHalf);
  const TensorMap loaded = load_safetensors(in_type_folder("a.safetensors"));
  for (const char* name : {"bias", "weight", "half"}) {
    EXPECT_EQ(loaded.at(name).scalar_type(), at::kHalf) << name;
    EXPECT_TRUE(at::equal(loaded.at(name), mixed().at(name).to(at::kHalf))) << name;
  }
  EXPECT_TRUE(at::equal(loaded.at("ids"), mixed().at("ids")));
  EXPECT_TRUE(at::equal(loaded.at("scale"), mixed().at("scale")));
}

TEST(StorageType, WithoutOneEveryFileGivesTheSameBack) {
  save_safetensors(in_type_folder("b.safetensors"), mixed());
  const TensorMap plain = load_safetensors(in_type_folder("b.safetensors"));
  expect_identical(plain, mixed());
  save_gguf(in_type_folder("b.gguf"), plain, "");
  expect_identical(load_gguf(in_type_folder("b.gguf")), mixed());
}

TEST(StorageType, ValuesThatDoNotFitAreRefused) {
  const TensorMap large{{"w", at::full({2}, 70000.0)}};
  EXPECT_THROW(expect_storable(large, at::kHalf), Error);
  EXPECT_NO_THROW(expect_storable(large, at::kBFloat16));
  EXPECT_NO_THROW(expect_storable({{"w", at::full({2}, 65519.0)}}, at::kHalf));
  EXPECT_THROW(expect_storable({{"w", at::full({2}, NAN)}}, at::kFloat), Error);
  EXPECT_THROW(expect_storable({{"w", at::full({2}, -INFINITY, at::kHalf)}}, at::kHalf), Error);
  EXPECT_NO_THROW(expect_storable({{"none", at::empty({0})}, {"ids", at::arange(3)}}, at::kHalf));
}

}  // namespace
}  // namespace sfumato
