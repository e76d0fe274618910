#include "sfumato/checkpoint/file_hash.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/base/sha256.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

class FileHash : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / "sfumato_file_hash";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write_file_atomically(file_, "abc");
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_ = fs::path(::testing::TempDir()) / "sfumato_file_hash";
  fs::path file_ = folder_ / "file", cache_ = folder_ / "cache" / "hashes.json";
};

TEST_F(FileHash, IsThatOfTheWholeFile) {
  EXPECT_EQ(file_sha256(file_, ""), sha256_hex("abc"));
  EXPECT_EQ(file_sha256(file_, cache_), sha256_hex("abc"));
  write_file_atomically(file_, "");
  EXPECT_EQ(file_sha256(file_, ""), sha256_hex(""));
  EXPECT_THROW(file_sha256(folder_ / "absent", cache_), Error);
}

TEST_F(FileHash, IsRememberedUntilTheFileChanges) {
  file_sha256(file_, cache_);
  std::string known = read_file(cache_);
  const std::string forged(64, '7');
  known.replace(known.find(sha256_hex("abc")), forged.size(), forged);
  write_file_atomically(cache_, known);
  EXPECT_EQ(file_sha256(file_, cache_), forged);  // taken from the cache

  const auto time = fs::last_write_time(file_);
  write_file_atomically(file_, "abcd");
  fs::last_write_time(file_, time);
  EXPECT_EQ(file_sha256(file_, cache_), sha256_hex("abcd"));  // another size
  write_file_atomically(file_, "abce");
  fs::last_write_time(file_, time + std::chrono::seconds(2));
  EXPECT_EQ(file_sha256(file_, cache_), sha256_hex("abce"));  // another time
}

TEST_F(FileHash, SaysWhetherItIsRemembered) {
  EXPECT_FALSE(is_hash_remembered(file_, cache_));
  file_sha256(file_, cache_);
  EXPECT_TRUE(is_hash_remembered(file_, cache_));
  write_file_atomically(file_, "abcd");
  EXPECT_FALSE(is_hash_remembered(file_, cache_));
  EXPECT_FALSE(is_hash_remembered(folder_ / "absent", cache_));
}

TEST_F(FileHash, DoesWithoutACacheThatIsDamagedOrCannotBeWritten) {
  for (const char* text : {"", "[1]", "{\"x\": 3}", "{"}) {
    fs::create_directories(cache_.parent_path());
    write_file_atomically(cache_, text);
    EXPECT_EQ(file_sha256(file_, cache_), sha256_hex("abc")) << text;
  }
  EXPECT_EQ(file_sha256(file_, file_ / "below a file" / "hashes.json"), sha256_hex("abc"));
}

}  // namespace
}  // namespace sfumato
