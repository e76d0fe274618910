#include "sfumato/text/clean.h"

#include <gtest/gtest.h>

#include "sfumato/text/html.h"
#include "sfumato/text/mojibake.h"
#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

std::string clean(std::string_view text) { return to_utf8(clean_text(text)); }
std::string html(std::string_view text) { return to_utf8(unescape_html(to_code_points(text))); }
std::string repaired(std::string_view text) { return to_utf8(fix_mojibake(to_code_points(text))); }

TEST(Html, ReadsNamesWithAndWithoutSemicolon) {
  EXPECT_EQ(html("&eacute;t&eacute &lt; &ltx &AMP &NotEqualTilde;"), "été < <x & ≂̸");
  EXPECT_EQ(html("&notit; &notin; &AElig &NewLine;"), "¬it; ∉ Æ \n");
  EXPECT_EQ(html("AT&T R&D & &unknown; &"), "AT&T R&D & &unknown; &");
}

TEST(Html, ReadsNumbers) {
  EXPECT_EQ(html("&#233;&#xE9;&#XE9;&#233 &#39;"), "ééé\xC3\xA9 '");
  EXPECT_EQ(html("&#128; &#0; &#xD800; &#99999999999; &#1;|"), "€ \uFFFD \uFFFD \uFFFD |");
  EXPECT_EQ(html("&#; &#x; &#xg"), "&#; &#x; &#xg");
}

TEST(Html, TheStrictFormWantsTheSemicolon) {
  const auto strict = [](std::string_view text) {
    return to_utf8(unescape_complete_html(to_code_points(text)));
  };
  EXPECT_EQ(strict("&lt &amp; &EACUTE; &#65; &#66"), "&lt & É A &#66");
}

TEST(Mojibake, IsUndone) {
  EXPECT_EQ(repaired("schÃ¶n naÃ¯ve It\xC3\xA2\xE2\x82\xAC\xE2\x84\xA2s"), "schön naïve It’s");
  EXPECT_EQ(repaired("ÐŸÑ€Ð¸Ð²ÐµÑ‚"), "Привет");
  EXPECT_EQ(repaired("voilÃ  le"), "voilà le");
  EXPECT_EQ(repaired("РџСЂРёРІРµС‚"), "Привет");              // Windows-1251
  EXPECT_EQ(repaired("caf√© in Qu√©bec"), "café in Québec");  // MacRoman
  EXPECT_EQ(repaired("\xC2\x93smart\xC2\x94"), "“smart”");
}

TEST(Mojibake, PlausibleWritingStays) {
  for (const char* text : {"MARQUÉ…", "São Paulo", "RENÉ™", "ÃO", "20×20", "Ôôô", "Привет, мир",
                           "2√π r", "x = √2", "Łódź", "日本語", "é", "IKEA®"}) {
    EXPECT_EQ(repaired(text), text);
  }
}

TEST(Clean, NormalisesCharacters) {
  EXPECT_EQ(clean("  ＦｕｌｌＷｉｄｔｈ\u3000ｔｅｘｔ "), "fullwidth text");
  EXPECT_EQ(clean("“smart” ‘quotes’ ﬁne"), "\"smart\" 'quotes' fine");
  EXPECT_EQ(clean("e\u0301"), "é");
  EXPECT_EQ(clean("\x1B[31mred\x1B[0m a\x7F\uFEFF"), "red a");
  EXPECT_EQ(clean("line\nbreak\r\ncrlf\rcr\n"), "line break crlf cr");
  EXPECT_EQ(clean(""), "");
}

TEST(Clean, LeavesReferencesInMarkUpToTheSecondPass) {
  EXPECT_EQ(clean("&amp;amp;amp;lt;"), "<");             // repaired until nothing changes
  EXPECT_EQ(clean("< &amp;amp;amp;lt;"), "< &amp;lt;");  // twice only
}

TEST(Clean, LowersAsUnicodeSays) {
  EXPECT_EQ(clean("ΑΣ ΑΣ. Σ σΣ ΣΑ"), "ας ας. σ σς σα");
  EXPECT_EQ(clean("İI"), "i\u0307i");
  EXPECT_EQ(clean("GRÖSSE ẞ"), "grösse ß");
}

}  // namespace
}  // namespace sfumato
