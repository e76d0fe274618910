#include "sfumato/base/files.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / "sfumato_files_test";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::size_t file_count() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }
  fs::path folder_;
};

TEST_F(Files, AppearOnlyWhenCommitted) {
  {
    AtomicFile file(folder_ / "a");
    file.stream() << "half";
    EXPECT_FALSE(fs::exists(folder_ / "a"));
  }
  EXPECT_EQ(file_count(), 0u);  // dropped without commit: nothing is left behind

  write_file_atomically(folder_ / "a", "whole");
  EXPECT_EQ(read_file(folder_ / "a"), "whole");
  EXPECT_EQ(file_count(), 1u);
}

TEST_F(Files, ErrorsNameThePath) {
  try {
    AtomicFile file(folder_ / "no" / "such" / "folder");
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Io);
    EXPECT_NE(std::string(e.what()).find("no/such/folder"), std::string::npos) << e.what();
  }
  EXPECT_THROW(read_file(folder_ / "absent"), Error);
  EXPECT_THROW(read_file(folder_), Error);
}

TEST_F(Files, RefuseMoreThanTheLimit) {
  write_file_atomically(folder_ / "a", std::string(100, 'x'));
  EXPECT_THROW(read_file(folder_ / "a", 99), Error);
  EXPECT_EQ(read_file(folder_ / "a", 100).size(), 100u);
}

}  // namespace
}  // namespace sfumato
