#include "sfumato/checkpoint/safetensors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

fs::path temporary(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / "sfumato_safetensors";
  fs::create_directories(folder);
  return folder / name;
}

/// A file with this header and `data` zero bytes behind it.
std::string file_with(const std::string& header, std::size_t data = 8) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return bytes + header + std::string(data, '\0');
}

std::string entry(const std::string& shape, int begin, int end, const char* dtype = "F32") {
  return std::string(R"({"dtype":")") + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[)" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

ErrorKind kind_of(const std::string& bytes) {
  try {
    parse_safetensors(bytes, "x");
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).substr(0, 2), "x:");
    return e.kind();
  }
  ADD_FAILURE() << "was accepted: " << bytes.substr(8, 200);
  return ErrorKind::Io;
}

TEST(Safetensors, RoundTripsEveryType) {
  TensorMap tensors;
  for (const auto type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                          at::kShort, at::kChar, at::kByte, at::kBool}) {
    tensors[std::string("t.") + at::toString(type)] = at::arange(6).view({2, 3}).to(type);
  }
  tensors["scalar"] = at::scalar_tensor(2.5, at::kFloat);
  tensors["empty"] = at::empty({0, 4}, at::kFloat);
  tensors["not contiguous"] = at::arange(12, at::kFloat).view({3, 4}).t();
  const fs::path path = temporary("types.safetensors");
  save_safetensors(path, tensors, {{"family", "sd15"}});

  Metadata metadata;
  const TensorMap loaded = load_safetensors(path, &metadata);
  EXPECT_EQ(metadata, (Metadata{{"family", "sd15"}}));
  ASSERT_EQ(loaded.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(loaded.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(loaded.at(name), tensor)) << name;
  }
  const auto index = read_safetensors_index(path);
  EXPECT_EQ(index.tensors.at("scalar").dtype, "F32");
  EXPECT_EQ(index.tensors.at("not contiguous").shape, (std::vector<std::int64_t>{4, 3}));
}

TEST(Safetensors, ChangingALoadedTensorLeavesTheFileAlone) {
  const fs::path path = temporary("inplace.safetensors");
  save_safetensors(path, {{"a", at::ones({4})}});
  load_safetensors(path).at("a").zero_();
  EXPECT_TRUE(at::equal(load_safetensors(path).at("a"), at::ones({4})));
}

TEST(Safetensors, DecodesEightBitFloatsAndUnalignedData) {
  const std::string header = R"({"a":)" + entry("[1]", 0, 1, "F8_E4M3") + R"(,"b":)" +
                             entry("[1]", 1, 2, "F8_E5M2") + R"(,"c":)" + entry("[1]", 2, 6) + "}";
  std::string bytes = file_with(header, 0);
  bytes += '\x38';  // E4M3: exponent 7 - bias 7, so 1
  bytes += '\x3D';  // E5M2: exponent 15 - bias 15, mantissa 1/4, so 1.25
  bytes += std::string("\x00\x00\x20\x40", 4);
  const TensorMap loaded = parse_safetensors(bytes, "x");
  EXPECT_EQ(loaded.at("a").item<float>(), 1.0f);
  EXPECT_EQ(loaded.at("b").item<float>(), 1.25f);
  EXPECT_EQ(loaded.at("c").item<float>(), 2.5f);
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const fs::path path = temporary("whole.safetensors");
  save_safetensors(path, {{"a", at::ones({3})}, {"b", at::ones({2}, at::kHalf)}});
  const std::string whole = read_file(path);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(kind_of(whole.substr(0, length)), ErrorKind::Corrupt) << length;
  }
  EXPECT_EQ(kind_of(whole + "x"), ErrorKind::Corrupt);
}

TEST(Safetensors, RefusesHostileHeaders) {
  const std::string good = R"("a":)" + entry("[2]", 0, 8);
  ASSERT_EQ(parse_safetensors(file_with("{" + good + "}"), "x").size(), 1u);
  const std::vector<std::string> bad = {
      "",
      "[]",
      "{",
      "null",
      "{" + good + "}{}",
      "{" + good + "," + good + "}",                       // twice
      "{" + good + R"(,"b":)" + entry("[2]", 0, 8) + "}",  // same bytes
      R"({"a":)" + entry("[1]", 0, 4) + "}",               // rest unused
      R"({"a":)" + entry("[1]", 4, 8) + "}",               // hole
      R"({"a":)" + entry("[3]", 0, 12) + "}",              // beyond the end
      R"({"a":)" + entry("[2]", 8, 0) + "}",               // backwards
      R"({"a":)" + entry("[-2]", 0, 8) + "}",
      R"({"a":)" + entry("[2.0]", 0, 8) + "}",
      R"({"a":)" + entry("[4294967296,4294967296]", 0, 0) + "}",  // wraps to 0
      R"({"a":)" + entry("[0,9223372036854775807,9223372036854775807]", 0, 0) + "}",
      R"({"a":)" + entry("[2]", 0, 8, "F128") + "}",
      R"({"a":null})",
      R"({"a":{"dtype":"F32","shape":[2]}})",
      R"({"__metadata__":{"k":1},)" + good + "}",
      "\xEF\xBB\xBF{" + good + "}",
      "{" + good + "}" + std::string(1, '\0'),
      "{\"\xFF\":" + entry("[2]", 0, 8) + "}",
      R"({"a":)" + std::string(20000, '[') + std::string(20000, ']') + "}",
  };
  for (const auto& header : bad) {
    EXPECT_EQ(kind_of(file_with(header)), ErrorKind::Corrupt) << header.substr(0, 120);
  }
  EXPECT_EQ(kind_of(std::string(8, '\xFF') + "{}"), ErrorKind::Corrupt);
}

TEST(Safetensors, SaysWhatIsWrongWithATensor) {
  try {
    parse_safetensors(file_with(R"({"w":)" + entry("[3]", 0, 8) + "}"), "m.safetensors");
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "m.safetensors: tensor 'w': its shape needs 12 bytes, it has 8");
  }
}

TEST(Safetensors, NamesMissingFilesPointersAndFolders) {
  try {
    load_safetensors(temporary("absent.safetensors"));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_NE(std::string(e.what()).find("absent.safetensors"), std::string::npos);
  }
  EXPECT_THROW(load_safetensors(testing::TempDir()), Error);
  try {
    parse_safetensors("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "x");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(e.hint().find("git lfs pull"), std::string::npos);
  }
}

TEST(Safetensors, ReadsShardsFromTheirFolderOnly) {
  save_safetensors(temporary("s-1.safetensors"), {{"a", at::ones({2})}});
  save_safetensors(temporary("s-2.safetensors"), {{"b", at::zeros({2})}});
  const fs::path list = temporary("s.safetensors.index.json");
  const auto write = [&](const std::string& map) {
    write_file_atomically(list, R"({"weight_map":)" + map + "}");
  };
  write(R"({"a":"s-1.safetensors","b":"s-2.safetensors"})");
  EXPECT_EQ(load_safetensors(list).size(), 2u);
  EXPECT_EQ(read_safetensors_index(list).tensors.size(), 2u);
  for (const char* map :
       {R"({"a":"../s-1.safetensors"})", R"({"c":"s-1.safetensors"})", R"([1])"}) {
    write(map);
    EXPECT_THROW(load_safetensors(list), Error) << map;
  }
}

TEST(Safetensors, AFailedSaveLeavesNothing) {
  EXPECT_THROW(save_safetensors("/nonexistent/x.safetensors", {{"a", at::ones({2})}}), Error);
  const fs::path path = temporary("complex.safetensors");
  EXPECT_THROW(save_safetensors(path, {{"a", at::zeros({2}, at::kComplexDouble)}}), Error);
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace sfumato
