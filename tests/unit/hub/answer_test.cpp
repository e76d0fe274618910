#include "sfumato/hub/answer.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/hub/patience.h"

namespace sfumato {
namespace {

HttpResponse answer_with(long status, std::map<std::string, std::string> headers) {
  HttpResponse response;
  response.status = status;
  response.url = parse_url("https://hub.test/a/b");
  response.headers = std::move(headers);
  return response;
}

TEST(Answer, TellsRangesAndSizes) {
  const auto range = [](const char* text) {
    return content_range(answer_with(206, {{"content-range", text}}));
  };
  ASSERT_TRUE(range("bytes 5-9/10"));
  EXPECT_EQ(range("bytes 5-9/10")->first, 5u);
  EXPECT_EQ(range("bytes 5-9/10")->all, 10u);
  EXPECT_FALSE(range("bytes 5-9/*")->all);
  for (const char* text : {"", "bytes", "bytes */10", "bytes -9/10", "lines 5-9/10", "bytes 5-9"}) {
    EXPECT_FALSE(range(text)) << text;
  }
  EXPECT_EQ(announced_size(answer_with(200, {{"content-length", "12"}})), 12u);
  EXPECT_EQ(announced_size(
                answer_with(206, {{"content-length", "5"}, {"content-range", "bytes 5-9/10"}})),
            10u);
  for (const char* text : {"", "-1", "12x", "99999999999999999999"}) {
    EXPECT_FALSE(announced_size(answer_with(200, {{"content-length", text}}))) << text;
  }
}

TEST(Answer, TellsVersionsAndNames) {
  EXPECT_EQ(strong_etag(answer_with(200, {{"etag", "\"a\""}})), "\"a\"");
  EXPECT_EQ(strong_etag(answer_with(200, {{"etag", "W/\"a\""}})), "");
  const std::string hash(64, 'a');
  EXPECT_EQ(linked_sha256(answer_with(200, {{"x-linked-etag", '"' + hash + '"'}})), hash);
  EXPECT_EQ(linked_sha256(answer_with(200, {{"x-linked-etag", "\"abc\""}})), "");
  const auto name = [](const char* text) {
    return disposition_name(answer_with(200, {{"content-disposition", text}}));
  };
  EXPECT_EQ(name("attachment; filename=\"a b.safetensors\"; x"), "a b.safetensors");
  EXPECT_EQ(name("attachment; filename=a.ckpt; x"), "a.ckpt");
  EXPECT_EQ(name("inline"), "");
}

TEST(Answer, SaysWhatToDoWhenRefused) {
  const auto kind_and_hint = [](long status, const char* code) {
    try {
      refused(answer_with(status, {{"x-error-code", code}}), "a/b");
    } catch (const Error& e) {
      return std::pair(e.kind(), e.hint());
    }
  };
  EXPECT_EQ(kind_and_hint(404, "").first, ErrorKind::NotFound);
  EXPECT_NE(kind_and_hint(404, "RevisionNotFound").second.find("--revision"), std::string::npos);
  EXPECT_NE(kind_and_hint(401, "").second.find("--token-file"), std::string::npos);
  EXPECT_NE(kind_and_hint(403, "GatedRepo").second.find("terms"), std::string::npos);
  EXPECT_THROW(expect_no_page(answer_with(200, {{"content-type", "text/html; charset=utf-8"}})),
               Error);
}

struct Waits {
  std::vector<double> seconds;
  Patience patience{[this](double s) { seconds.push_back(s); }, [](const std::string&) {}};
};

TEST(Patience, WaitsLongerEachTimeAndGivesUp) {
  Waits waits;
  HttpResponse broken = answer_with(200, {});
  broken.broken = "reset";
  for (int i = 0; i < 6; ++i) waits.patience.wait("a", broken);
  EXPECT_EQ(waits.seconds, (std::vector<double>{0.5, 1, 2, 4, 8, 16}));
  EXPECT_THROW(waits.patience.wait("a", broken), Error);
}

TEST(Patience, BeginsAnewAfterASuccess) {
  Waits waits;
  const auto busy = answer_with(503, {});
  waits.patience.wait("a", busy);
  waits.patience.wait("a", busy);
  waits.patience.succeeded();
  waits.patience.wait("a", busy);
  EXPECT_EQ(waits.seconds, (std::vector<double>{0.5, 1, 0.5}));
}

TEST(Patience, WaitsAsLongAsAskedButNotForever) {
  Waits waits;
  waits.patience.wait("a", answer_with(429, {{"retry-after", "7"}}));
  waits.patience.wait("a", answer_with(429, {{"retry-after", "86400"}}));
  waits.patience.wait("a", answer_with(429, {{"retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"}}));
  EXPECT_EQ(waits.seconds, (std::vector<double>{7, 60, 2}));
}

TEST(Patience, HasNoneForAServerNeverReached) {
  Waits waits;
  HttpResponse nobody = answer_with(0, {});
  nobody.reached = false;
  nobody.broken = "Could not resolve host";
  EXPECT_THROW(waits.patience.wait("a", nobody), Error);
  waits.patience.succeeded();
  EXPECT_NO_THROW(waits.patience.wait("a", nobody));  // the network is gone for a while
}

TEST(IsPassing, TellsIllnessFromRefusal) {
  for (const long status : {408, 429, 500, 502, 503, 504}) {
    EXPECT_TRUE(is_passing(answer_with(status, {}))) << status;
  }
  for (const long status : {200, 206, 400, 401, 403, 404, 416, 501}) {
    EXPECT_FALSE(is_passing(answer_with(status, {}))) << status;
  }
}

}  // namespace
}  // namespace sfumato
