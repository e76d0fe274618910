#include "sfumato/text/wildcards.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

const Wildcards kWildcards{{"cold", {"blue", "green"}},
                           {"colours/warm", {"red", "3::yellow"}},
                           {"nested", {"dark __cold__"}},
                           {"loop", {"__loop__"}},
                           {"empty", {}}};

// Everything that 200 seeds make of a prompt.
std::set<std::string> outcomes(std::string_view prompt) {
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    all.insert(fill_wildcards(prompt, kWildcards, seed));
  }
  return all;
}

using Set = std::set<std::string>;

TEST(Wildcards, ChooseOneOfTheOptions) {
  EXPECT_EQ(outcomes("a {b|c|} d"), (Set{"a b d", "a c d", "a  d"}));
  EXPECT_EQ(outcomes("{a|{b|c}}"), (Set{"a", "b", "c"}));
  EXPECT_EQ(outcomes("{0::a|b}"), Set{"b"});
  EXPECT_EQ(outcomes("__cold__ x"), (Set{"blue x", "green x"}));
  EXPECT_EQ(outcomes("__co*__"), (Set{"blue", "green", "red", "yellow"}));
  EXPECT_EQ(outcomes("__nested__"), (Set{"dark blue", "dark green"}));
}

TEST(Wildcards, ChooseSeveralWithoutRepeats) {
  EXPECT_EQ(outcomes("{2$$a|b}"), (Set{"a, b", "b, a"}));
  EXPECT_EQ(outcomes("{1-2$$ and $$a|b}"), (Set{"a", "b", "a and b", "b and a"}));
  EXPECT_EQ(outcomes("{-1$$a|b}"), (Set{"a", "b"}));
  EXPECT_EQ(outcomes("{0-$$a}"), (Set{"", "a"}));
  EXPECT_EQ(outcomes("{5$$ $$a|b}"), (Set{"a b", "b a"}));
  EXPECT_EQ(outcomes("{2$$+$$__cold__}"), (Set{"blue+green", "green+blue"}));
  EXPECT_EQ(outcomes("[{2$$|$$a|b}]"), (Set{"[a|b]", "[b|a]"}));
}

TEST(Wildcards, WeightsAreChances) {
  int yellow = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    yellow += fill_wildcards("__colours/warm__", kWildcards, seed) == "yellow";
  }
  EXPECT_NEAR(yellow, 750, 60);
  EXPECT_EQ(fill_wildcards("{a|b|c|d} {a|b|c|d}", kWildcards, 7),
            fill_wildcards("{a|b|c|d} {a|b|c|d}", kWildcards, 7));
}

TEST(Wildcards, OtherTextStays) {
  for (const char* text : {"(a:1.2) [b|c] [d::5]", "\\{a|b\\}", "{a|b", "a}b", "score__9", "____",
                           "__ a __", "naïve, 猫"}) {
    EXPECT_EQ(outcomes(text), Set{text});
  }
}

TEST(Wildcards, WrongOnesAreErrors) {
  try {
    fill_wildcards("__colt__", kWildcards, 0);
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_NE(e.hint().find("'cold'"), std::string::npos) << e.hint();
  }
  EXPECT_THROW(fill_wildcards("__empty__", kWildcards, 0), Error);
  EXPECT_THROW(fill_wildcards("__loop__", kWildcards, 0), Error);
  EXPECT_THROW(fill_wildcards(std::string(60000, '{') + std::string(60000, '}'), {}, 0), Error);
  EXPECT_THROW(fill_wildcards(std::string(100, '{') + "a" + std::string(100, '}'), {}, 0), Error);
}

TEST(Wildcards, AreReadFromAFolderAndNowhereElse) {
  namespace fs = std::filesystem;
  const auto folder = fs::path(testing::TempDir()) / "sfumato_wildcards";
  fs::remove_all(folder);
  fs::create_directories(folder / "sub");
  std::ofstream(folder / "a.txt") << "# note\n\n one \r\n2::two\n";
  std::ofstream(folder / "sub" / "b.c.txt") << "three";
  std::ofstream(folder / "other.md") << "no";
  const Wildcards wildcards = load_wildcards(folder);
  EXPECT_EQ(wildcards, (Wildcards{{"a", {"one", "2::two"}}, {"sub/b.c", {"three"}}}));
  EXPECT_THROW(fill_wildcards("__../sfumato_wildcards/a__", wildcards, 0), Error);
  EXPECT_THROW(load_wildcards(folder / "missing"), Error);
}

}  // namespace
}  // namespace sfumato
