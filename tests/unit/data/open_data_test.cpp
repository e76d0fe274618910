#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/data/sample.h"
#include "sfumato/data/scenes/write_scenes.h"
#include "sfumato/data/web_dataset.h"
#include "sfumato/image/codecs.h"

namespace sfumato {
namespace {
namespace fs = std::filesystem;

class OpenData : public testing::Test {
 protected:
  OpenData() { fs::create_directories(folder_); }
  ~OpenData() override { fs::remove_all(folder_); }

  std::vector<Sample> read(const fs::path& path) {
    const auto reader = open_data(path.string());
    return read_all(*reader);
  }
  ErrorKind kind_of(const fs::path& path) {
    try {
      read(path);
    } catch (const Error& e) {
      return e.kind();
    }
    ADD_FAILURE() << "read " << path;
    return ErrorKind::Io;
  }
  scenes::WriteScenesOptions ten_scenes(const fs::path& folder) {
    return {.folder = folder, .count = 10, .seed = 1, .size = 64, .scenes = {}};
  }

  struct File {
    std::string name, bytes;
  };
  fs::path tar(const std::string& name, const std::vector<File>& files) {
    const fs::path path = folder_ / name;
    archive* out = archive_write_new();
    archive_write_set_format_ustar(out);
    archive_write_open_filename(out, path.c_str());
    for (const File& file : files) {
      archive_entry* entry = archive_entry_new();
      archive_entry_set_pathname(entry, file.name.c_str());
      archive_entry_set_size(entry, static_cast<la_int64_t>(file.bytes.size()));
      archive_entry_set_filetype(entry, AE_IFREG);
      archive_write_header(out, entry);
      archive_write_data(out, file.bytes.data(), file.bytes.size());
      archive_entry_free(entry);
    }
    archive_write_free(out);
    return path;
  }

  const fs::path folder_ =
      fs::temp_directory_path() / ("sfumato-data-test-" + std::to_string(getpid()));
  const std::string png_ = encode_png(Image(4, 4));
};

TEST_F(OpenData, ReadsTheScenesThatWereWritten) {
  int told = 0;
  write_scenes(ten_scenes(folder_ / "a"), [&](std::uint64_t) { ++told; }, {});
  EXPECT_EQ(told, 10);
  const auto samples = read(folder_ / "a");
  ASSERT_EQ(samples.size(), 10u);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Sample expected = scenes::scene_sample(1, i, 64, {});
    EXPECT_EQ(samples[i].key, expected.key);
    EXPECT_EQ(samples[i].caption, expected.caption);
    EXPECT_EQ(samples[i].json, expected.json);
    EXPECT_EQ(samples[i].image.rgb, expected.image.rgb);
  }
}

TEST_F(OpenData, WritesTheSameBytesForTheSameSeed) {
  write_scenes(ten_scenes(folder_ / "a"), [](std::uint64_t) {}, {});
  write_scenes(ten_scenes(folder_ / "b"), [](std::uint64_t) {}, {});
  const std::string first = read_file(folder_ / "a/scenes-000000.tar");
  EXPECT_EQ(first, read_file(folder_ / "b/scenes-000000.tar"));
  write_scenes(ten_scenes(folder_ / "a"), [](std::uint64_t) {}, {});  // over its own shards
  EXPECT_EQ(first, read_file(folder_ / "a/scenes-000000.tar"));
}

TEST_F(OpenData, LeavesNothingBehindWhenCancelled) {
  std::atomic<bool> flag = false;
  const auto stop = [&](std::uint64_t done) { flag = done == 5; };
  EXPECT_THROW(write_scenes(ten_scenes(folder_ / "a"), stop, CancelToken(flag)), Error);
  EXPECT_TRUE(fs::is_empty(folder_ / "a"));
}

TEST_F(OpenData, RefusesToMixDataSets) {
  tar("other-000000.tar", {{"1.png", png_}});
  EXPECT_THROW(write_scenes(ten_scenes(folder_), [](std::uint64_t) {}, {}), Error);
}

TEST_F(OpenData, StartsANewShardWhenOneIsFull) {
  WebDatasetWriter writer(folder_, "x", 2);
  for (const char* key : {"0", "1", "2"}) {
    writer.write({.key = key, .image = Image(4, 4), .caption = "c", .json = ""});
  }
  EXPECT_FALSE(fs::exists(folder_ / "x-000001.tar"));
  writer.finish();
  EXPECT_EQ(read(folder_ / "x-000001.tar").size(), 1u);
  EXPECT_EQ(read(folder_).size(), 3u);
}

TEST_F(OpenData, GroupsFilesByNameAndSkipsStrangers) {
  const auto path = tar("x.tar", {{"README", "hello"},
                                  {"d/a.txt", "first \n"},
                                  {"d/a.PNG", png_},
                                  {"d/a.flac", "noise"},
                                  {"d/lonely.txt", "no picture"},
                                  {"d/b.png", png_}});
  const auto samples = read(path);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].key, "d/a");
  EXPECT_EQ(samples[0].caption, "first");
  EXPECT_EQ(samples[1].key, "d/b");
  EXPECT_EQ(samples[1].caption, "");
}

TEST_F(OpenData, RefusesDamagedShards) {
  const auto path = tar("x.tar", {{"a.png", png_}, {"b.png", png_}});
  const std::string bytes = read_file(path);
  write_file_atomically(path, std::string_view(bytes).substr(0, 512 + 30));
  EXPECT_EQ(kind_of(path), ErrorKind::Corrupt);
  write_file_atomically(path, "this is not a tar file at all, whatever its name says");
  EXPECT_EQ(kind_of(path), ErrorKind::Corrupt);
  EXPECT_EQ(kind_of(tar("y.tar", {{"a.png", "not a picture"}})), ErrorKind::Corrupt);
}

TEST_F(OpenData, RefusesCaptionsOfManyMegabytes) {
  const auto path = tar("x.tar", {{"a.png", png_}, {"a.txt", std::string(2 << 20, 'x')}});
  EXPECT_EQ(kind_of(path), ErrorKind::Corrupt);
}

TEST_F(OpenData, RefusesASizeThatTheTarDoesNotHold) {
  const auto path = tar("x.tar", {{"a.png", png_}});
  std::string bytes = read_file(path);
  bytes.replace(124, 12, std::string("00001000000") + '\0');  // 256 KiB, in octal
  bytes.replace(148, 8, "        ");
  unsigned sum = 0;
  for (int i = 0; i < 512; ++i) sum += static_cast<unsigned char>(bytes[i]);
  char field[9];
  std::snprintf(field, sizeof field, "%06o", sum);
  bytes.replace(148, 7, std::string(field, 6) + '\0');
  write_file_atomically(path, bytes);
  EXPECT_EQ(kind_of(path), ErrorKind::Corrupt);
}

TEST_F(OpenData, ReadsAPlainFolderInOrder) {
  write_png(folder_ / "b.png", Image(4, 4));
  write_png(folder_ / "a.png", Image(5, 4));
  write_file_atomically(folder_ / "a.txt", "a caption\n");
  const auto samples = read(folder_);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].key, "a");
  EXPECT_EQ(samples[0].caption, "a caption");
  EXPECT_EQ(samples[0].image.width, 5);
  EXPECT_EQ(samples[1].caption, "");
}

TEST_F(OpenData, NamesWhatIsMissingOrEmpty) {
  EXPECT_EQ(kind_of(folder_ / "nowhere"), ErrorKind::NotFound);
  EXPECT_EQ(kind_of(folder_), ErrorKind::InvalidArgument);
  EXPECT_EQ(kind_of(tar("x.tar", {})), ErrorKind::InvalidArgument);
}

}  // namespace
}  // namespace sfumato
