#include "sfumato/base/bounded_json.h"

#include <gtest/gtest.h>

#include <string>

namespace sfumato {
namespace {

std::string nested_lists(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(BoundedJson, ReadsWhatAnyJsonReaderReads) {
  EXPECT_EQ(parse_bounded_json(R"({"a": [1, {"b": null}]})"),
            nlohmann::json::parse(R"({"a": [1, {"b": null}]})"));
  EXPECT_TRUE(parse_bounded_json("{").is_discarded());
}

TEST(BoundedJson, CountsObjectsAndLists) {
  EXPECT_FALSE(parse_bounded_json(nested_lists(3), 3).is_discarded());
  EXPECT_TRUE(parse_bounded_json(nested_lists(4), 3).is_discarded());
  EXPECT_TRUE(parse_bounded_json(R"({"a": {"b": {}}})", 2).is_discarded());
}

TEST(BoundedJson, RefusesWhatWouldExhaustTheStack) {
  EXPECT_TRUE(parse_bounded_json(nested_lists(1 << 20)).is_discarded());
}

}  // namespace
}  // namespace sfumato
