#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/safetensors.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

at::Tensor as_recorded(const at::Tensor& tensor) {
  const auto type = tensor.scalar_type();
  if (type == at::kChar || type == at::kShort) return tensor.to(at::kInt);
  if (type == at::kByte) return tensor.to(at::kLong);
  return tensor;
}

void check_loads(const fs::path& folder, const nlohmann::json& description,
                 const std::string& file) {
  const TensorMap loaded = load_safetensors(folder / file);
  EXPECT_EQ(loaded.size(), description["outputs"].size());
  if (description["outputs"].empty()) return;
  const TensorMap recorded = load_safetensors(folder / "data.safetensors");
  for (const std::string name : description["outputs"]) {
    const at::Tensor want = recorded.at("out/" + name);
    ASSERT_TRUE(loaded.contains(name)) << name;
    at::Tensor got = as_recorded(loaded.at(name));
    if (want.scalar_type() == at::kByte) got = got.to(at::kByte);
    ASSERT_EQ(got.scalar_type(), want.scalar_type()) << name;
    EXPECT_TRUE(at::allclose(got, want, 0, 0, /*equal_nan=*/true)) << name;
  }
}

// The published good, malformed and hostile files; they lie beside the repository, not in it.
TEST(Safetensors, HandlesTheRecordedFiles) {
  const fs::path cases = fs::path(SFUMATO_SOURCE_DIR) / "../shared/goldens/checkpoint";
  if (!fs::exists(cases)) GTEST_SKIP() << "no recorded cases at " << cases;
  int seen = 0;
  for (const auto& item : fs::directory_iterator(cases)) {
    const std::string name = item.path().filename();
    if (!name.starts_with("st_") && !name.starts_with("bad_st_")) continue;
    SCOPED_TRACE(name);
    ++seen;
    const auto description = nlohmann::json::parse(read_file(item.path() / "case.json"));
    const std::string file = description["config"]["file"];
    if (description["config"]["expect"] == "ok") {
      check_loads(item.path(), description, file);
    } else {
      try {
        load_safetensors(item.path() / file);
        ADD_FAILURE() << "was accepted";
      } catch (const Error& e) {
        EXPECT_EQ(e.kind(), ErrorKind::Corrupt) << e.what();
        EXPECT_LT(std::string(e.what()).size(), 600u);
      }
    }
  }
  EXPECT_GT(seen, 30);
}

}  // namespace
}  // namespace sfumato
