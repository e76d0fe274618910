#include "sfumato/hub/part_file.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <iterator>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

class PartFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / "sfumato_part_file_test";
    fs::remove_all(folder_);
    path_ = folder_ / "deep" / "a.bin";
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::size_t file_count() const {
    return std::size_t(std::distance(fs::directory_iterator(path_.parent_path()), {}));
  }
  fs::path folder_, path_;
};

TEST_F(PartFileTest, GoesOnWhereItStopped) {
  {
    PartFile part(path_, "this", {});
    part.restart("\"v1\"");
    part.append("hello ");
  }
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_EQ(begun_bytes(path_), 6u);
  EXPECT_EQ(begun_bytes(folder_ / "b.bin"), 0u);
  PartFile part(path_, "this", {});
  EXPECT_EQ(part.size(), 6u);
  EXPECT_EQ(part.etag(), "\"v1\"");
  part.append("world");
  part.finish(sha256_hex("hello world"));
  EXPECT_EQ(read_file(path_), "hello world");
  EXPECT_EQ(file_count(), 1u);
}

TEST_F(PartFileTest, DropsWhatIsPartOfSomethingElse) {
  {
    PartFile part(path_, "this", {});
    part.append("hello");
  }
  PartFile part(path_, "that", {});
  EXPECT_EQ(part.size(), 0u);
  part.append("x");
  part.finish(sha256_hex("x"));
  EXPECT_EQ(read_file(path_), "x");
}

TEST_F(PartFileTest, StartsAnew) {
  PartFile part(path_, "this", {});
  part.append("a long text");
  part.restart("");
  part.append("short");
  part.finish(sha256_hex("short"));
  EXPECT_EQ(read_file(path_), "short");
}

TEST_F(PartFileTest, RemovesWhatHasTheWrongHash) {
  PartFile part(path_, "this", {});
  part.append("hello");
  try {
    part.finish(sha256_hex("other"));
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
  }
  EXPECT_EQ(file_count(), 0u);
}

TEST_F(PartFileTest, HasOneWriter) {
  PartFile part(path_, "this", {});
  part.append("hello");
  EXPECT_THROW(PartFile(path_, "this", {}), Error);
  part.append(" world");
  part.finish("");
  EXPECT_EQ(read_file(path_), "hello world");
}

TEST_F(PartFileTest, LeavesNothingWhenNothingCame) {
  { PartFile part(path_, "this", {}); }
  EXPECT_EQ(file_count(), 0u);
}

TEST_F(PartFileTest, StopsHashingWhenAsked) {
  {
    PartFile part(path_, "this", {});
    part.append("hello");
  }
  const std::atomic<bool> stop{true};
  EXPECT_THROW(PartFile(path_, "this", CancelToken(stop)), Error);
  EXPECT_EQ(file_count(), 2u);  // the part and what it is of
}

TEST(Room, IsAskedForBeforehand) {
  EXPECT_NO_THROW(expect_room("not/there/yet", 1));
  EXPECT_THROW(expect_room("not/there/yet", std::uint64_t{1} << 60), Error);
}

}  // namespace
}  // namespace sfumato
