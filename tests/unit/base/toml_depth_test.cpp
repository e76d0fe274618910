#include "sfumato/base/toml_depth.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/base/toml.h"

namespace sfumato {
namespace {

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::string depth_failure(const std::string& toml) {
  try {
    check_key_depth(toml, "r.toml");
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(TomlDepth, RefusesKeysOfManyParts) {
  const std::string reason = ": a key has more than 32 parts";
  EXPECT_EQ(depth_failure(repeated("a.", 31) + "b = 1"), "accepted");
  EXPECT_EQ(depth_failure("x = 1\n" + repeated("a.", 32) + "b = 1"), "r.toml:2" + reason);
  EXPECT_EQ(depth_failure("[" + repeated("a . ", 40) + "b]"), "r.toml:1" + reason);
  EXPECT_EQ(depth_failure(repeated("\",\".'='.", 40) + "b = 1"), "r.toml:1" + reason);
  EXPECT_EQ(depth_failure("x = {s = \"\"\"a\"\"\"\"\", " + repeated("a.", 40) + "b = 1}"),
            "r.toml:1" + reason);
}

TEST(TomlDepth, DotsOfTextsCommentsAndNumbersAreNoParts) {
  const std::string dots(100, '.');
  EXPECT_EQ(depth_failure("a = \"" + dots + "\\\"" + dots + "\" # " + dots), "accepted");
  EXPECT_EQ(depth_failure("a = '''it's\n" + dots + "'''\nb = '" + dots + "'"), "accepted");
  EXPECT_EQ(depth_failure("a = [" + repeated("0.5, ", 100) + "]"), "accepted");
}

TEST(TomlDepth, WhatWouldExhaustTheStackIsRefusedByTheReader) {
  EXPECT_THROW(TomlTable::parse(repeated("a.", 250000) + "b = 1", "r.toml"), Error);
}

}  // namespace
}  // namespace sfumato
