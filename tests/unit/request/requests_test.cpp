#include <gtest/gtest.h>

#include <set>

#include "sfumato/base/error.h"
#include "sfumato/request/image_tasks.h"
#include "sfumato/request/text_tasks.h"

namespace sfumato {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
    return std::string(e.what()) + " | " + e.hint();
  }
  return "no error";
}

// What every table must keep: names once, defaults that are allowed, JSON there and back.
template <class T, std::size_t N>
void expect_sound(const std::array<Field<T>, N>& table, const char* task) {
  const std::span<const Field<T>> rows = table;
  std::set<std::string_view> names;
  for (const auto& row : rows) {
    EXPECT_TRUE(names.insert(row.name).second) << task << ": " << row.name << " twice";
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_LE(row.min, row.max) << row.name;
  }
  const auto defaults = to_json(T{}, rows);
  T back;
  EXPECT_NO_THROW(from_json(nlohmann::json::parse(defaults.dump()), rows, task, back)) << task;
  EXPECT_EQ(to_json(back, rows), defaults) << task;
}

TEST(RequestTables, AreSound) {
  expect_sound(kPaintRequestFields, "txt2img");
  expect_sound(kImageToImageFields, "img2img");
  expect_sound(kInpaintRequestFields, "inpaint");
  expect_sound(kOutpaintRequestFields, "outpaint");
  expect_sound(kUpscaleRequestFields, "upscale");
  expect_sound(kVariationsRequestFields, "variations");
  expect_sound(kDepthRequestFields, "depth2img");
  expect_sound(kEditRequestFields, "edit");
  expect_sound(kPlotRequestFields, "grid");
  expect_sound(kInterpolateRequestFields, "interpolate");
}

TEST(RequestTables, InheritedRowsReachTheirMembers) {
  InpaintRequest request;
  from_json(
      nlohmann::json::parse(R"({"prompt": "x", "clip_skip": 2, "strength": 0.5, "mask": "m.png"})"),
      std::span<const Field<InpaintRequest>>(kInpaintRequestFields), "request", request);
  EXPECT_EQ(request.prompt, "x");
  EXPECT_EQ(request.clip_skip, 2);
  EXPECT_EQ(request.strength, 0.5);
  EXPECT_EQ(request.mask, "m.png");
}

TEST(RequestTables, UnknownChoicesNameTheNearOnes) {
  ImageToImageRequest request;
  const auto set = [&](const char* json) {
    return message_of([&] {
      from_json(nlohmann::json::parse(json),
                std::span<const Field<ImageToImageRequest>>(kImageToImageFields), "request",
                request);
    });
  };
  EXPECT_EQ(set(R"({"resize": "crap"})"),
            "request: resize: unknown choice 'crap' | did you mean 'crop'?");
  EXPECT_EQ(set(R"({"resize": "fill"})"), "no error");
}

TEST(CheckRequests, SayWhatIsMissing) {
  EXPECT_EQ(message_of([] { check(ImageToImageRequest{}); }),
            "no picture given | name it with --image");
  InpaintRequest inpaint;
  inpaint.image = "a.png";
  EXPECT_EQ(message_of([&] { check(inpaint); }), "no mask given | name it with --mask");
  inpaint.mask = "m.png";
  EXPECT_EQ(message_of([&] { check(inpaint); }), "no error");
  PlotRequest plot;
  EXPECT_NE(message_of([&] { check(plot); }), "no error");
  plot.x = "steps=1-3";
  EXPECT_EQ(message_of([&] { check(plot); }), "no error");
  plot.y = "stps=1-3";
  EXPECT_EQ(message_of([&] { check(plot); }), "unknown plot axis 'stps' | did you mean 'steps'?");
  PaintRequest paint;
  paint.hires_scale = 2;
  paint.hires_width = 1024;
  EXPECT_NE(message_of([&] { check(paint); }), "no error");
  paint.hires_width.reset();
  paint.hires_upscaler = "R-ESRGAN 4x+";
  EXPECT_NE(message_of([&] { check(paint); }), "no error");
}

TEST(CheckRequests, KeepTheX4ModelToItsScale) {
  UpscaleRequest upscale;
  upscale.image = "a.png";
  EXPECT_EQ(message_of([&] { check(upscale); }), "no error");
  upscale.method = "x4";
  upscale.scale = 2;
  EXPECT_NE(message_of([&] { check(upscale); }).find("--method tiles"), std::string::npos);
  upscale.scale = 4;
  EXPECT_EQ(message_of([&] { check(upscale); }), "no error");
  upscale.tile = 64;
  upscale.tile_overlap = 33;
  EXPECT_NE(message_of([&] { check(upscale); }).find("--tile-overlap 33"), std::string::npos);
}

TEST(RequestTables, TheSizeOfAnEnlargedPictureFollowsFromTheScale) {
  for (const auto& row : kUpscaleRequestFields) {
    EXPECT_NE(row.name, "width");
    EXPECT_NE(row.name, "resize");
  }
  EXPECT_EQ(UpscaleRequest().strength, 0.3);
}

TEST(MixedPictures, HaveWeightsBehindAColon) {
  using Pictures = std::vector<MixedPicture>;
  EXPECT_EQ(mixed_pictures(" "), Pictures{});
  EXPECT_EQ(mixed_pictures("a.png"), (Pictures{{"a.png", 1}}));
  EXPECT_EQ(mixed_pictures("a.png:0.5, b c.jpg :-2"), (Pictures{{"a.png", 0.5}, {"b c.jpg", -2}}));
  EXPECT_EQ(mixed_pictures("at 12:30.png"), (Pictures{{"at 12:30.png", 1}}));
  EXPECT_NE(message_of([] { mixed_pictures("a.png,,b.png"); }), "no error");
  EXPECT_NE(message_of([] { mixed_pictures(":2"); }), "no error");
}

TEST(HiresSize, FollowsTheWebUi) {
  HiresSettings settings;
  settings.hires_scale = 1.5;
  EXPECT_EQ(hires_size(settings, 512, 768), (HiresSize{768, 1152, 0, 0}));
  settings.hires_scale.reset();
  settings.hires_width = 1024;
  EXPECT_EQ(hires_size(settings, 512, 768), (HiresSize{1024, 1536, 0, 0}));
  settings.hires_height = 1024;  // covered, then cut: 512 pixels = 64 cells too high
  EXPECT_EQ(hires_size(settings, 512, 768), (HiresSize{1024, 1536, 0, 64}));
  settings.hires_width.reset();
  EXPECT_EQ(hires_size(settings, 512, 768), (HiresSize{682, 1024, 0, 0}));
}

}  // namespace
}  // namespace sfumato
