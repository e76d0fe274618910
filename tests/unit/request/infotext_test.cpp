#include "sfumato/request/infotext.h"

#include <gtest/gtest.h>

#include <utility>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

TEST(Infotext, SpellsARequestAsTheWebUiDoes) {
  TextToImageRequest request;
  request.prompt = "a cat";
  request.negative_prompt = "bad, worse";
  request.steps = 20;
  request.sampler = "euler_ancestral";
  request.spacing = "karras";
  request.guidance = 7.0;
  request.seed = 5;
  request.width = 512;
  request.height = 768;
  EXPECT_EQ(infotext(request, {"model, v1", "abcdef1234567"}),
            "a cat\nNegative prompt: bad, worse\nSteps: 20, Sampler: Euler a, Schedule type: "
            "Karras, CFG scale: 7.0, Seed: 5, Size: 512x768, Model hash: abcdef1234, Model: "
            "\"model, v1\"");
}

TEST(Infotext, LeavesOutWhatIsNotSaid) {
  TextToImageRequest request;
  request.prompt = "x";
  request.steps = 1;
  EXPECT_EQ(infotext(request, {}), "x\nSteps: 1");
  Infotext text = infotext_of(request, {});
  text = with_settings(with_settings(text, SamplingSettings{}), HiresSettings{});
  InpaintSettings sharp;
  sharp.mask_blur = 0;
  text = with_settings(with_settings(text, RefinerSettings{}, {}), sharp);
  EXPECT_EQ(write_infotext(text), "x\nSteps: 1");
}

TEST(Infotext, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(infotext_quote("quote \"x\""), "quote \"x\"");
  EXPECT_EQ(infotext_quote("quote \"x\", y"), "\"quote \\\"x\\\", y\"");
  EXPECT_EQ(infotext_quote("line1\nline2"), "\"line1\\nline2\"");
}

TEST(Infotext, ARequestComesBackFromItsText) {
  PaintRequest request;
  request.prompt = "a (cat:1.2)";
  request.negative_prompt = "dog";
  request.sampler = "dpmpp_2m_sde";
  request.spacing = "exponential";
  request.width = 512;
  request.height = 768;
  request.steps = 20;
  request.guidance = 7.5;
  request.seed = 18446744073709551615ull;
  request.noise = "torch_cpu";
  request.variation_seed = 3;
  request.variation_strength = 0.25;
  request.seed_resize_width = 640;
  request.seed_resize_height = 448;
  request.clip_skip = 2;
  request.emphasis = "no-norm";
  request.ensd = 31337;
  request.mimic_scale = 7.5;
  request.mimic_percentile = 99.5;
  request.tiling = true;
  request.hires_scale = 1.5;
  request.hires_upscaler = "latent-bicubic";
  request.hires_steps = 10;
  request.hires_strength = 0.6;
  request.hires_sampler = "euler";
  request.hires_prompt = "a cat, close: up";
  request.refiner = "xl_refiner_1.0";
  request.refiner_switch = 0.7;
  Infotext text = infotext_of(request, {"model", "0123456789abcdef"});
  text = with_settings(with_settings(text, static_cast<const SamplingSettings&>(request)),
                       static_cast<const HiresSettings&>(request));
  text = with_settings(text, static_cast<const RefinerSettings&>(request), {});

  const PaintRequest back = paint_request(read_infotext(write_infotext(text)));
  constexpr std::span<const Field<PaintRequest>> kTable = kPaintRequestFields;
  EXPECT_EQ(to_json(back, kTable).dump(2), to_json(request, kTable).dump(2));
}

TEST(Infotext, NamesARefinerAsTheWebUiDoes) {
  RefinerSettings settings{.refiner = "models/checkpoints/xl_refiner_1.0.safetensors"};
  ModelIdentity model{"m", ""};
  model.parts["refiner"] = {"xl_refiner_1.0", "7440042bbdc8a24813002c09b6b69b64"};
  const Infotext text = with_settings(Infotext{}, settings, model);
  EXPECT_EQ(*text.find("Refiner"), "xl_refiner_1.0 [7440042bbd]");
  EXPECT_EQ(*text.find("Refiner switch at"), "0.8");
  const auto back = paint_request(
      read_infotext("x\nSteps: 5, Seed: 1, Refiner: xl [7440042bbd], Refiner switch at: 0.6"));
  EXPECT_EQ(back.refiner, "xl [7440042bbd]");  // models are found by this name, too
  EXPECT_EQ(back.refiner_switch, 0.6);
  settings.refiner_switch = 1;
  EXPECT_EQ(with_settings(Infotext{}, settings, model).find("Refiner"), nullptr);
}

TEST(Infotext, NamesTheAutoencoderOfAFileOfItsOwn) {
  ModelIdentity model{"m", "abcdef1234567"};
  model.parts["vae"] = {"clear.safetensors", "0123456789abcdef"};
  const Infotext text = infotext_of({}, model);
  EXPECT_EQ(*text.find("VAE"), "clear.safetensors");
  EXPECT_EQ(*text.find("VAE hash"), "0123456789");
}

TEST(Infotext, APictureThatWasPaintedOverComesBack) {
  InpaintRequest request;
  request.prompt = "a cat";
  request.steps = 20;
  request.seed = 3;
  request.clip_skip = 2;
  request.strength = 0.5;
  request.noise_multiplier = 0.9;
  request.mask_blur = 8;
  request.invert_mask = request.only_masked = true;
  request.padding = 16;
  request.fill = "latent-noise";
  Infotext text = with_settings(infotext_of(request, {}), SamplingSettings(request));
  text = with_settings(std::move(text), InitImage(request));
  text = with_settings(std::move(text), InpaintSettings(request));
  const Infotext read = read_infotext(write_infotext(text));
  request.noise = "philox";  // what the web UI draws when it does not say
  EXPECT_EQ(to_json<InpaintRequest>(inpaint_request(read), kInpaintRequestFields),
            to_json<InpaintRequest>(request, kInpaintRequestFields));
  EXPECT_EQ(image_to_image_request(read).strength, 0.5);
  EXPECT_EQ(image_to_image_request(read).clip_skip, 2);
}

TEST(PaintRequest, ReadsOldTextsOfTheWebUi) {
  const auto request = paint_request(
      read_infotext("a cat\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1, Size: "
                    "768x512, Clip skip: 2"));
  EXPECT_EQ(request.sampler, "dpmpp_2m");
  EXPECT_EQ(request.spacing, "karras");
  EXPECT_EQ(request.noise, "philox");
  EXPECT_EQ(request.width, 768);
  EXPECT_EQ(request.clip_skip, 2);
  EXPECT_FALSE(request.hires_enabled());
}

TEST(PaintRequest, AutomaticMeansTheSamplersOwnSchedule) {
  const std::string rest = ", CFG scale: 7, Seed: 1";
  const auto read = [&](const std::string& names) {
    return paint_request(read_infotext("a\nSteps: 20, Sampler: " + names + rest));
  };
  EXPECT_EQ(read("DPM++ 3M SDE, Schedule type: Automatic").spacing, "exponential");
  EXPECT_EQ(read("Euler a, Schedule type: Automatic").spacing, std::nullopt);
  EXPECT_EQ(read("Unheard of").sampler, "Unheard of");
}

TEST(PaintRequest, NamesTheValueThatCannotBeRead) {
  try {
    paint_request(read_infotext("a\nSteps: many, Sampler: Euler, CFG scale: 7"));
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "parameters: Steps: expected a whole number, found 'many'");
  }
}

}  // namespace
}  // namespace sfumato
