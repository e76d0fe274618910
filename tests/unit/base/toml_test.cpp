#include "sfumato/base/toml.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

std::string failure_of(const std::function<void()>& action, std::string* hint = nullptr) {
  try {
    action();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
    if (hint) *hint = e.hint();
    return e.what();
  }
  return "no error";
}

TEST(TomlTable, ReadsWhatIsThereAndLeavesTheRestAlone) {
  auto table =
      TomlTable::parse("steps = 7\nrate = 1\nmult = [1, 2]\n[unet]\nname = 'x'\n", "a.toml");
  std::int64_t steps = 0, batch = 32;
  double rate = 0;
  std::vector<std::int64_t> mult;
  table.require("steps", steps);
  table.get("batch", batch);
  table.get("rate", rate);  // a whole number is a number
  table.get("mult", mult);
  std::string name;
  auto unet = table.table("unet");
  ASSERT_TRUE(unet.has_value());
  unet->require("name", name);
  unet->finish();
  table.finish();
  EXPECT_EQ(steps, 7);
  EXPECT_EQ(batch, 32);
  EXPECT_EQ(rate, 1.0);
  EXPECT_EQ(mult, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(name, "x");
}

TEST(TomlTable, NamesFileKeyAndTheNearestKnownKey) {
  std::string hint;
  EXPECT_EQ(failure_of(
                [] {
                  auto table = TomlTable::parse("[unet]\nchannel_mul = [1]\n", "f.toml");
                  auto unet = table.table("unet");
                  std::vector<std::int64_t> mult;
                  unet->get("channel_mult", mult);
                  unet->finish();
                },
                &hint),
            "unknown key f.toml: unet.channel_mul");
  EXPECT_EQ(hint, "did you mean 'channel_mult'?");
}

TEST(TomlTable, SaysWhatWasExpectedAndFound) {
  EXPECT_EQ(failure_of([] {
              std::int64_t steps = 0;
              TomlTable::parse("steps = 'many'", "r.toml").get("steps", steps);
            }),
            "r.toml: steps: expected a whole number, found 'many'");
  EXPECT_EQ(failure_of([] {
              std::int64_t steps = 0;
              TomlTable::parse("", "r.toml").require("steps", steps);
            }),
            "r.toml: steps is missing");
}

TEST(TomlTable, EntriesKnowTheirTablesAndLines) {
  const auto entries =
      TomlTable::parse("steps = 7\n[eval.scenes]\nlora = ['a', \"b\"]\n", "a.toml").entries();
  ASSERT_EQ(entries.size(), 2u);
  const auto& inner = entries[0].tables.empty() ? entries[1] : entries[0];
  const auto& outer = entries[0].tables.empty() ? entries[0] : entries[1];
  EXPECT_EQ(inner.tables, (std::vector<std::string>{"eval", "scenes"}));
  EXPECT_EQ(inner.key, "lora");
  EXPECT_EQ(inner.value, nlohmann::json({"a", "b"}));
  EXPECT_EQ(inner.line, 3);
  EXPECT_EQ(outer.value, nlohmann::json(7));
  EXPECT_EQ(outer.line, 1);
  EXPECT_EQ(failure_of([] { TomlTable::parse("\nday = 2026-01-02\n", "a.toml").entries(); }),
            "a.toml:2: day: expected a string, a number, true, false or a list of these");
}

TEST(TomlTable, NamesTheLineOfASyntaxError) {
  EXPECT_EQ(failure_of([] { TomlTable::parse("a = 1\nb = = 2\n", "r.toml"); }).substr(0, 9),
            "r.toml:2:");
}

TEST(TomlTable, NamesListsAndTablesWithoutTheirContents) {
  TomlTable t = TomlTable::parse("a = [inf]\n[b]\nc = 1\n", "r.toml");
  double number = 0;
  EXPECT_EQ(failure_of([&] { t.get("a", number); }), "r.toml: a: expected a number, found a list");
  EXPECT_EQ(failure_of([&] { t.get("b", number); }), "r.toml: b: expected a number, found a table");
}

TEST(TomlTable, RefusesBracketsInsteadOfAKey) {
  EXPECT_EQ(failure_of([] { TomlTable::parse("[[[a]]]", "r.toml"); }).substr(0, 9), "r.toml:1:");
}

TEST(TomlTable, RefusesACombiningMarkOutsideOfQuotes) {
  EXPECT_EQ(failure_of([] { TomlTable::parse("a\u0322", "r.toml"); }).substr(0, 9), "r.toml:1:");
}

}  // namespace
}  // namespace sfumato
