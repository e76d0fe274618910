#include "sfumato/hub/repository.h"

#include <gtest/gtest.h>

#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

const char* const kAHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const char* const kACommit = "0123456789abcdef0123456789abcdef01234567";

Url hub_of_tests() { return parse_url("https://hub.test"); }

PullSource source_of(const std::string& text, const std::string& revision = "") {
  return parse_pull_source(text, hub_of_tests(), revision);
}

TEST(PullSource, KnowsRepositories) {
  for (const char* text : {"some-one/model_1.5", "https://hub.test/some-one/model_1.5",
                           "https://HUB.test:443/some-one/model_1.5/"}) {
    const auto source = source_of(text);
    ASSERT_TRUE(source.repository) << text;
    EXPECT_EQ(source.repository->id(), "some-one/model_1.5");
    EXPECT_EQ(source.repository->revision, "");
    EXPECT_EQ(source.repository->listing_url().text,
              "https://hub.test/api/models/some-one/model_1.5?blobs=true");
  }
  const auto tree = source_of("https://hub.test/a/b/tree/refs%2Fpr%2F1");
  EXPECT_EQ(tree.repository->revision, "refs/pr/1");
  EXPECT_EQ(tree.repository->listing_url().text,
            "https://hub.test/api/models/a/b/revision/refs%2Fpr%2F1?blobs=true");
  EXPECT_EQ(source_of("a/b", "fp16").repository->revision, "fp16");
}

TEST(PullSource, KnowsFilesOfTheHub) {
  for (const char* text : {"https://hub.test/a/b/blob/main/vae/x%20y.bin",
                           "https://hub.test/a/b/resolve/main/vae/x%20y.bin?download=true"}) {
    const auto source = source_of(text);
    ASSERT_TRUE(source.repository) << text;
    EXPECT_EQ(source.file, "vae/x y.bin");
    EXPECT_EQ(source.repository->revision, "main");
    EXPECT_EQ(source.repository->file_url(source.file, kACommit).text,
              std::string("https://hub.test/a/b/resolve/") + kACommit + "/vae/x%20y.bin");
  }
}

TEST(PullSource, TakesOtherAddressesAsFiles) {
  for (const char* text : {"https://other.test/a/b", "http://hub.test/a/b",
                           "https://hub.test:8443/a/b", "https://hub.test/a/b/c/d"}) {
    const auto source = source_of(text);
    EXPECT_FALSE(source.repository) << text;
    EXPECT_EQ(source.url->text, text);
  }
}

TEST(PullSource, RefusesWhatIsNeither) {
  for (const char* text :
       {"", "name", "a/b/c", "/a/b", "../b", "a/..", "a b/c", "a/b?c", "ftp://hub.test/a",
        "file:///etc/passwd", "https://me:secret@hub.test/a", "https://"}) {
    EXPECT_THROW(source_of(text), Error) << text;
  }
  EXPECT_THROW(source_of("https://hub.test/a/b/tree/main", "fp16"), Error);
  EXPECT_THROW(source_of("https://other.test/a", "fp16"), Error);
}

TEST(Listing, IsRead) {
  const auto listing = parse_listing(std::string(R"({"sha": ")") + kACommit + R"(", "siblings": [
      {"rfilename": "unet/a.safetensors", "size": 130, "lfs": {"sha256": ")" +
                                         kAHash +
                                         R"(", "size": 5000000000}},
      {"rfilename": "config.json", "size": 12, "blobId": ")" +
                                         kACommit + R"("},
      {"rfilename": "old"}]})",
                                     "a/b");
  EXPECT_EQ(listing.commit, kACommit);
  ASSERT_EQ(listing.files.size(), 3u);
  EXPECT_EQ(listing.files[0].sha256, kAHash);
  EXPECT_EQ(listing.files[0].size, 5000000000u);  // not that of git's pointer to it
  EXPECT_EQ(listing.files[1].size, 12u);
  EXPECT_EQ(listing.files[1].blob_id, kACommit);
  EXPECT_FALSE(listing.files[2].size);
}

TEST(Listing, RefusesWhatIsNone) {
  const auto with = [](const std::string& siblings) {
    return R"({"siblings": [)" + siblings + "]}";
  };
  for (const std::string& text :
       {std::string("<html>"), std::string("[]"), std::string("{}"), std::string(),
        std::string(R"({"siblings": 3})"), with("3"), with(R"({"rfilename": 3})"),
        with(R"({"rfilename": "../a"})"), with(R"({"rfilename": "a"}, {"rfilename": "a"})"),
        with(R"({"rfilename": "a", "lfs": {"sha256": "short"}})")}) {
    EXPECT_THROW(parse_listing(text, "a/b"), Error) << text;
  }
}

TEST(SafeName, StaysBelowTheFolder) {
  for (const char* name : {"a", "a/b.c", ".gitattributes", "..a/b..", "a b/\xC3\xA9"}) {
    EXPECT_NO_THROW(expect_safe_name(name, "hub")) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string(".."),
        std::string("../a"), std::string("a/../../b"), std::string("a/./b"), std::string("a\\b"),
        std::string("a\nb"), std::string("a\0b", 3), std::string("a\x1B[31m"),
        std::string(300, 'x')}) {
    EXPECT_THROW(expect_safe_name(name, "hub"), Error) << name;
  }
}

TEST(Redirects, StayOnTheWeb) {
  const Url base = parse_url("https://hub.test/a/b?c");
  EXPECT_EQ(redirected(base, "/d").text, "https://hub.test/d");
  EXPECT_EQ(redirected(base, "https://cdn.test/x?sig=1").shown(), "https://cdn.test/x");
  EXPECT_NE(redirected(base, "https://cdn.test/x").origin, base.origin);
  EXPECT_EQ(redirected(parse_url("http://hub.test"), "http://cdn.test/").origin,
            "http://cdn.test:80");
  EXPECT_THROW(redirected(base, "http://hub.test/d"), Error);
  EXPECT_THROW(redirected(base, "file:///etc/passwd"), Error);
  EXPECT_THROW(redirected(base, "https://me:secret@hub.test/d"), Error);
}

}  // namespace
}  // namespace sfumato
