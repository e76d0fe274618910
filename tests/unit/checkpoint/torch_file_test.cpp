#include "sfumato/checkpoint/torch_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pickle_writer.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "zip_writer.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;
using pickled::dict;
using pickled::number;
using pickled::program;
using pickled::tensor;
using pickled::text;

fs::path written_torch_file(const std::string& name, const std::string& bytes) {
  const fs::path folder = fs::path(testing::TempDir()) / "sfumato_torch_file";
  fs::create_directories(folder);
  write_file_atomically(folder / name, bytes);
  return folder / name;
}

std::string floats(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

fs::path zip_file(const std::string& body, const std::string& storage) {
  return written_torch_file(
      "a.ckpt", zip_of({{"archive/data.pkl", program(body)}, {"archive/data/0", storage}}));
}

std::string torch_refusal(const fs::path& path) {
  try {
    load_torch_file(path);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(TorchFile, ReadsViewsOfOneStorage) {
  const std::string body =
      dict(text("state_dict") +
           dict(text("all") + tensor("0", 6, 0, number(2) + number(3), number(3) + number(1)) +
                text("turned") + tensor("0", 6, 0, number(3) + number(2), number(1) + number(3)) +
                text("one") + tensor("0", 6, 4, "", "")) +
           text("global_step") + number(470000));
  const TorchFile file = load_torch_file(zip_file(body, floats({0, 1, 2, 3, 4, 5})));
  ASSERT_EQ(file.tensors.size(), 3u);
  const at::Tensor all = at::arange(6, at::kFloat).view({2, 3});
  EXPECT_TRUE(at::equal(file.tensors.at("state_dict/all"), all));
  EXPECT_TRUE(at::equal(file.tensors.at("state_dict/turned"), all.t()));
  EXPECT_EQ(file.tensors.at("state_dict/one").item<float>(), 4.0f);
  EXPECT_EQ(file.scalars.at("global_step"), "470000");
}

TEST(TorchFile, RefusesTensorsThatLeaveTheirStorage) {
  const std::string data = floats({0, 1, 2, 3});
  const auto with = [&](int count, int offset, int size, int stride) {
    return torch_refusal(
        zip_file(dict(text("w") + tensor("0", count, offset, number(size), number(stride))), data));
  };
  EXPECT_EQ(with(4, 0, 4, 1), "accepted");
  EXPECT_EQ(with(4, 3, 1, 9), "accepted");
  EXPECT_EQ(with(4, 4, 0, 1), "accepted");
  EXPECT_NE(with(4, 1, 4, 1), "accepted");
  EXPECT_NE(with(4, 0, 2, 4), "accepted");
  EXPECT_NE(with(4, -1, 1, 1), "accepted");
  EXPECT_NE(with(4, 0, -1, 1), "accepted");
  EXPECT_NE(with(4, 0, 2, -1), "accepted");
  EXPECT_NE(with(3, 0, 3, 1), "accepted");
  EXPECT_NE(with(5, 0, 4, 1), "accepted");
  EXPECT_NE(with(4, 0, 1'000'000, 0), "accepted");
}

TEST(TorchFile, RefusesUnknownAndMissingStorages) {
  const std::string one = number(1), data = floats({1});
  EXPECT_NE(torch_refusal(zip_file(dict(text("w") + tensor("7", 1, 0, one, one)), data)),
            "accepted");
  EXPECT_NE(
      torch_refusal(zip_file(dict(text("w") + tensor("0", 1, 0, one, one, "QInt8Storage")), data)),
      "accepted");
}

TEST(TorchFile, StopsAtSharedLists) {
  std::string body = std::string("]q") + '\0';
  for (int level = 1; level < 40; ++level) {
    const std::string again = std::string("h") + static_cast<char>(level - 1);
    body += "](" + again + again + again + again + "eq" + static_cast<char>(level);
  }
  EXPECT_NE(torch_refusal(zip_file(body, "")), "accepted");
}

TEST(TorchFile, NamesStayInProportionToTheFile) {
  std::string body = tensor("0", 1, 0, number(1), number(1)) + "q" + '\0';
  for (int level = 1; level <= 7; ++level) {  // 4^7 paths of 7 * 240 bytes from 7 kB
    std::string items;
    for (const char key : {'a', 'b', 'c', 'd'}) {
      items += text(std::string(240, key)) + "h" + static_cast<char>(level - 1);
    }
    body += dict(items) + "q" + static_cast<char>(level);
  }
  EXPECT_NE(torch_refusal(zip_file(body, floats({1}))).find("far longer than the file"),
            std::string::npos);
}

// The legacy container: five pickles, then count and bytes of every storage.
TEST(TorchFile, ReadsTheFormatBeforeZip) {
  const std::string magic("\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19", 12);
  const auto file_with = [&](const std::string& order, const std::string& count) {
    return program(magic) + program(std::string("M\xE9\x03", 3)) +
           program(dict(text("little_endian") + order)) +
           program(dict(text("w") + tensor("55", 2, 0, number(2), number(1)))) +
           program("](" + text("55") + "e") + count + floats({1.5f, -2.0f});
  };
  const std::string two("\2\0\0\0\0\0\0\0", 8), three("\3\0\0\0\0\0\0\0", 8);
  const TorchFile file = load_torch_file(written_torch_file("old.ckpt", file_with("\x88", two)));
  EXPECT_TRUE(at::equal(file.tensors.at("w"), at::tensor({1.5f, -2.0f})));
  EXPECT_NE(torch_refusal(written_torch_file("old.ckpt", file_with("\x89", two))), "accepted");
  EXPECT_NE(torch_refusal(written_torch_file("old.ckpt", file_with("\x88", three))), "accepted");
}

TEST(TorchFile, VerifiesChecksumsAndTheArchive) {
  const std::string body = dict(text("w") + tensor("0", 1, 0, number(1), number(1)));
  const std::string good =
      zip_of({{"archive/data.pkl", program(body)}, {"archive/data/0", floats({1})}});
  std::string bytes = good;
  bytes[bytes.find(floats({1}))] ^= 1;
  EXPECT_NE(torch_refusal(written_torch_file("crc.pt", bytes)).find("CRC-32"), std::string::npos);
  EXPECT_NE(torch_refusal(written_torch_file("cut.pt", good.substr(0, good.size() - 1))),
            "accepted");
  EXPECT_NE(torch_refusal(written_torch_file(
                "two.pt", zip_of({{"a/data.pkl", program("}")}, {"b/data.pkl", program("}")}}))),
            "accepted");
  EXPECT_NE(torch_refusal(written_torch_file(
                "twice.pt", zip_of({{"a/data.pkl", program("}")}, {"a/data.pkl", program("}")}}))),
            "accepted");
  EXPECT_NE(torch_refusal(written_torch_file(
                "big.pt", zip_of({{"a/data.pkl", program("}")}, {"a/byteorder", "big"}}))),
            "accepted");
}

}  // namespace
}  // namespace sfumato
