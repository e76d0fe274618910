#include "sfumato/checkpoint/pickle.h"

#include <gtest/gtest.h>

#include "pickle_writer.h"
#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using pickled::call;
using pickled::dict;
using pickled::global;
using pickled::number;
using pickled::program;
using pickled::text;
using pickled::tuple;

Pickle read(const std::string& bytes) { return read_pickle(bytes, 0, "x.pt"); }

std::string refusal(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    return e.what();
  }
  return "accepted";
}

TEST(Pickle, ReadsPlainValues) {
  const std::string bytes =
      program(dict(text("a") + number(-3) + text("b") + tuple(text("x") + "N\x88") +  // tuple
                   number(1) + "]" + text("f") + std::string("G\x3F\xF8\0\0\0\0\0\0", 9)));
  const Pickle pickle = read(bytes);
  ASSERT_EQ(pickle.root.kind, PickleKind::Dict);
  const auto& items = pickle[pickle.root].items;
  ASSERT_EQ(items.size(), 8u);
  EXPECT_EQ(pickle[items[0]].text, "a");
  EXPECT_EQ(items[1].integer, -3);
  ASSERT_EQ(pickle[items[3]].items.size(), 3u);
  EXPECT_EQ(pickle[items[3]].items[1].kind, PickleKind::None);
  EXPECT_EQ(pickle[items[3]].items[2].integer, 1);
  EXPECT_EQ(items[5].kind, PickleKind::List);
  EXPECT_EQ(items[7].real, 1.5);
  EXPECT_EQ(pickle.end, bytes.size());
}

TEST(Pickle, LongsAreSigned) {
  const Pickle minus = read(program(std::string("\x8A\x02\x00\xFF", 4)));
  EXPECT_EQ(minus.root.integer, -256);
  const Pickle empty = read(program(std::string("\x8A\x00", 2)));
  EXPECT_EQ(empty.root.integer, 0);
  EXPECT_EQ(read(program("\x8A\x09" + std::string(9, 'z'))).root.kind, PickleKind::BigInt);
}

TEST(Pickle, ClassesAreNamesAndOnlyKnownCallsAreRecorded) {
  const std::string bytes = program(dict(global("os", "system") + number(1)));
  const Pickle named = read(bytes);
  EXPECT_EQ(named[named[named.root].items[0]].name, "system");
  const Pickle made = read(program(global("any.module", "Class") + ")\x81" + "}b"));
  EXPECT_EQ(made.root.kind, PickleKind::Call);
  EXPECT_NE(refusal(program(call(global("os", "system"), text("true")))).find("os.system"),
            std::string::npos);
  EXPECT_NE(refusal(program(global("subprocess", "Popen") + tuple(text("true")) + "\x81")),
            "accepted");
  const std::string ordered = call(global("collections", "OrderedDict"), "");
  EXPECT_EQ(read(program(ordered)).root.kind, PickleKind::Dict);
  EXPECT_NE(refusal(program(ordered + dict(text("__setstate__") + number(1)) + "b")), "accepted");
}

TEST(Pickle, TakesTheItemsThatPython2GivesAnOrderedDictionary) {
  const std::string pairs = "](](" + text("a") + number(7) + "ee";
  const Pickle pickle = read(program(call(global("collections", "OrderedDict"), pairs)));
  ASSERT_EQ(pickle.root.kind, PickleKind::Dict);
  const auto& items = pickle[pickle.root].items;
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[1].integer, 7);
}

TEST(Pickle, RefusesWhatIsMalformed) {
  for (const std::string& body :
       {std::string("t"), std::string("R"), std::string("h\x07"), "K\x01K\x02" + std::string("a"),
        "}}" + number(1) + "s", "}(" + number(1) + "u", std::string("\xFA"),
        std::string("X\xFF\0\0\0a", 6), std::string("X\x01\0\0\0\xFF", 6),
        std::string("\x8B\xFF\xFF\xFF\xFF", 5), std::string("\x80\x63", 2), std::string("cos\n")}) {
    EXPECT_NE(refusal(program(body)), "accepted") << testing::PrintToString(body);
  }
  EXPECT_NE(refusal(""), "accepted");
  EXPECT_NE(refusal("\x80\x02N"), "accepted");
}

// Few bytes must not ask for much memory or time.
TEST(Pickle, CountsTheWorkThatFewBytesAskFor) {
  EXPECT_NE(refusal(program(std::string(5'000'000, 'N'))), "accepted");
  std::string attributes = "}q";
  attributes += '\x01';
  attributes += '(';
  for (int i = 0; i < 2000; ++i) attributes += "K" + std::string(1, char(i)) + "N";
  attributes += "u0";
  std::string body = attributes + "}";
  for (int i = 0; i < 100'000; ++i) body += std::string("h\x01") + "b";
  EXPECT_NE(refusal(program(body)), "accepted");
}

TEST(Pickle, NestingAndSelfReferenceDoNoHarm) {
  EXPECT_EQ(read(program(")" + std::string(100'000, '\x85'))).root.kind, PickleKind::Tuple);
  const Pickle self = read(program(std::string("]q\0h\0a", 6)));
  EXPECT_EQ(self[self.root].items[0].node, self.root.node);
}

}  // namespace
}  // namespace sfumato
