#include "sfumato/request/text_to_image.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using Request = TextToImageRequest;
constexpr std::span<const Field<Request>> kTable = kTextToImageFields;

Request parse(const std::string& json) {
  Request request;
  from_json(nlohmann::json::parse(json), kTable, "request", request);
  return request;
}

std::string message_of(const std::string& json) {
  try {
    parse(json);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
    return std::string(e.what()) + " | " + e.hint();
  }
  return "no error";
}

TEST(TextToImageRequest, WhatWasNotSaidIsAbsent) {
  Request request;
  request.prompt = "a cat";
  EXPECT_EQ(to_json(request, kTable).dump(),
            R"({"prompt":"a cat","negative_prompt":"","count":1})");
}

TEST(TextToImageRequest, SurvivesJson) {
  const Request request{.prompt = "a \"cat\"\n",
                        .negative_prompt = "dog",
                        .sampler = "euler",
                        .spacing = "karras",
                        .width = 64,
                        .height = 128,
                        .steps = 7,
                        .guidance = 0.1,
                        .seed = 18446744073709551615ull,
                        .count = 3,
                        .batch = 2,
                        .eta = 0.5,
                        .noise = "philox"};
  const auto json = to_json(request, kTable);
  EXPECT_EQ(json.size(), kTable.size());
  EXPECT_EQ(to_json(parse(json.dump()), kTable), json);
}

TEST(TextToImageRequest, BadJsonNamesTheField) {
  EXPECT_EQ(message_of(R"({"promt": "x"})"),
            "request: unknown key 'promt' | did you mean 'prompt'?");
  EXPECT_EQ(message_of(R"({"steps": 0})"), "request: steps: expected 1 to 1000, found 0 | ");
  EXPECT_EQ(message_of(R"({"steps": "ten"})"),
            "request: steps: expected a whole number, found '\"ten\"' | ");
  EXPECT_EQ(message_of(R"({"seed": -1})"),
            "request: seed: expected a whole number, 0 or more, found '-1' | ");
  EXPECT_EQ(message_of(R"({"steps": 99999999999})"),
            "request: steps: expected a smaller number, found '99999999999' | ");
  EXPECT_EQ(message_of(R"({"eta": 1.5})"), "request: eta: expected 0 to 1, found 1.5 | ");
  EXPECT_EQ(message_of("[]"), "request: expected an object {...}, found '[]' | ");
  EXPECT_EQ(message_of(R"({"steps": null})"), "no error");
}

TEST(TextToImageRequest, ReadsToml) {
  auto toml = TomlTable::parse("prompt = 'x'\nsteps = 5\nguidance = 3\nnegative_prompt = 'y'", "f");
  Request request;
  from_toml(toml, kTable, request);
  toml.finish();
  EXPECT_EQ(request.steps, 5);
  EXPECT_EQ(request.guidance, 3.0);
  EXPECT_EQ(request.negative_prompt, "y");
  auto bad = TomlTable::parse("steps = 5000", "f.toml");
  EXPECT_THROW(from_toml(bad, kTable, request), Error);
}

TEST(Fields, ReadTextStrictly) {
  Request request;
  const auto field = [](std::string_view name) -> const Field<Request>& {
    return *std::find_if(kTable.begin(), kTable.end(), [&](auto& f) { return f.name == name; });
  };
  fields::set_from_text(request, field("guidance"), "7.5");
  EXPECT_EQ(request.guidance, 7.5);
  for (const char* text : {"", "x", "7.5x", "nan", "inf", "1e999"}) {
    EXPECT_THROW(fields::set_from_text(request, field("guidance"), text), Error) << text;
  }
  for (const char* text : {"", "1.5", "1 ", "0x10", "99999999999999999999"}) {
    EXPECT_THROW(fields::set_from_text(request, field("steps"), text), Error) << text;
  }
}

}  // namespace
}  // namespace sfumato
