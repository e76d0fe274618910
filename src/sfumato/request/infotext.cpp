#include "sfumato/request/infotext.h"

#include <array>
#include <concepts>
#include <nlohmann/json.hpp>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/request/web_ui_samplers.h"

namespace sfumato {
namespace {

using Label = std::pair<std::string_view, std::string_view>;

// Ours and theirs, where the words differ.
constexpr std::array kUpscalers{
    Label{"latent", "Latent"},
    Label{"latent-antialiased", "Latent (antialiased)"},
    Label{"latent-bicubic", "Latent (bicubic)"},
    Label{"latent-bicubic-antialiased", "Latent (bicubic antialiased)"},
    Label{"latent-nearest", "Latent (nearest)"},
    Label{"latent-nearest-exact", "Latent (nearest-exact)"},
    Label{"lanczos", "Lanczos"},
};
constexpr std::array kEmphasis{Label{"original", "Original"}, Label{"no-norm", "No norm"},
                               Label{"ignore", "Ignore"}, Label{"none", "None"}};
constexpr std::array kFills{Label{"latent-noise", "latent noise"},
                            Label{"latent-nothing", "latent nothing"}};

template <std::size_t N>
std::string theirs(const std::array<Label, N>& labels, const std::string& name) {
  for (const auto& [ours, label] : labels) {
    if (ours == name) return std::string(label);
  }
  return name;
}

template <std::size_t N>
std::string ours(const std::array<Label, N>& labels, const std::string& label) {
  for (const auto& [name, known] : labels) {
    if (known == label) return std::string(name);
  }
  return label;
}

std::string sampler_label(const std::string& name) {
  for (const WebUiSampler& sampler : web_ui_samplers()) {
    if (sampler.name == name) return std::string(sampler.label);
  }
  return name;
}

// A spacing made for SDXL has there the name of its kin.
std::string schedule_label(std::string name) {
  if (name.ends_with("_sdxl")) name.resize(name.size() - 5);
  for (const WebUiSchedule& schedule : web_ui_schedules()) {
    if (schedule.name == name) return std::string(schedule.label);
  }
  return name;
}

// "NAME [0123456789]", as far as it is known.
std::string refiner_title(const std::string& asked, const ModelIdentity& model) {
  const auto known = model.parts.find("refiner");
  if (known == model.parts.end()) return asked;
  const auto& [name, hash] = known->second;
  return hash.empty() ? name : name + " [" + hash.substr(0, 10) + "]";
}

std::string text_of(double value) { return nlohmann::json(value).dump(); }
template <std::integral V>
std::string text_of(V value) {
  return std::to_string(value);
}

std::string size_text(int width, int height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

template <class V>
void set_number(Infotext& text, const char* name, const std::optional<V>& value) {
  if (value) text.set(name, text_of(*value));
}

// ---- reading

template <class V>
std::optional<V> number(const Infotext& text, const char* name) {
  const std::string* spelled = text.find(name);
  if (!spelled) return std::nullopt;
  V value{};
  fields::from_text(*spelled, std::string("parameters: ") + name, value);
  return value;
}

std::optional<std::string> word(const Infotext& text, const char* name) {
  const std::string* spelled = text.find(name);
  return spelled ? std::optional(*spelled) : std::nullopt;
}

/// Sampler and spacing as we call them; an unknown sampler keeps its name.
struct Sampling {
  std::optional<std::string> sampler, spacing;
};

Sampling sampling_of(const std::optional<std::string>& sampler,
                     const std::optional<std::string>& schedule) {
  if (!sampler) return {};
  auto [known, spacing] = resolve_web_ui_sampling(*sampler, schedule.value_or(""));
  if (spacing == &web_ui_schedules().front() && known && !known->schedule.empty()) {
    spacing = resolve_web_ui_sampling("", known->schedule).schedule;
  }
  Sampling result{.sampler = known ? std::string(known->name) : *sampler, .spacing = {}};
  if (!spacing->name.empty()) result.spacing = spacing->name;
  return result;
}

void read_hires(const Infotext& text, PaintRequest& request) {
  request.hires_scale = number<double>(text, "Hires upscale");
  request.hires_width = number<int>(text, "Hires resize-1");
  request.hires_height = number<int>(text, "Hires resize-2");
  if (request.hires_width == 0) request.hires_width.reset();
  if (request.hires_height == 0) request.hires_height.reset();
  if (request.hires_width || request.hires_height) request.hires_scale.reset();
  if (!request.hires_enabled()) return;
  request.hires_upscaler = ours(kUpscalers, word(text, "Hires upscaler").value_or("Latent"));
  request.hires_steps = number<int>(text, "Hires steps");
  if (request.hires_steps == 0) request.hires_steps.reset();
  if (const auto strength = number<double>(text, "Denoising strength")) {
    request.hires_strength = *strength;
  }
  const auto sampling = sampling_of(word(text, "Hires sampler"), word(text, "Hires schedule type"));
  request.hires_sampler = sampling.sampler;
  request.hires_spacing = sampling.spacing;
  request.hires_prompt = word(text, "Hires prompt");
  request.hires_negative_prompt = word(text, "Hires negative prompt");
  request.hires_guidance = number<double>(text, "Hires CFG Scale");
}

void read_sampling(const Infotext& text, PaintRequest& request) {
  request.variation_seed = number<std::uint64_t>(text, "Variation seed");
  request.variation_strength = number<double>(text, "Variation seed strength").value_or(0);
  request.seed_resize_width = number<int>(text, "Seed resize from-1");
  request.seed_resize_height = number<int>(text, "Seed resize from-2");
  request.clip_skip = number<int>(text, "Clip skip");
  request.ensd = number<std::int64_t>(text, "ENSD");
  request.churn = number<double>(text, "Sigma churn");
  request.churn_min = number<double>(text, "Sigma tmin");
  request.churn_max = number<double>(text, "Sigma tmax");
  request.churn_noise = number<double>(text, "Sigma noise");
  request.tiling = word(text, "Tiling") == "True";
  if (const auto mode = word(text, "Emphasis")) request.emphasis = ours(kEmphasis, *mode);
  if (word(text, "Dynamic thresholding enabled") == "True") {
    request.mimic_scale = number<double>(text, "Mimic scale");
    request.mimic_percentile = number<double>(text, "Threshold percentile").value_or(100);
  }
}

}  // namespace

Infotext infotext_of(const TextToImageRequest& request, const ModelIdentity& model) {
  Infotext text{.prompt = request.prompt, .negative_prompt = request.negative_prompt, .values = {}};
  set_number(text, "Steps", request.steps);
  if (request.sampler) text.set("Sampler", sampler_label(*request.sampler));
  if (request.spacing && request.spacing != kModelSpacing) {
    text.set("Schedule type", schedule_label(*request.spacing));
  }
  set_number(text, "CFG scale", request.guidance);
  set_number(text, "Seed", request.seed);
  if (request.width && request.height) text.set("Size", size_text(*request.width, *request.height));
  if (!model.hash.empty()) text.set("Model hash", model.hash.substr(0, 10));
  if (!model.name.empty()) text.set("Model", model.name);
  if (const auto vae = model.parts.find("vae"); vae != model.parts.end()) {
    if (!vae->second.hash.empty()) text.set("VAE hash", vae->second.hash.substr(0, 10));
    text.set("VAE", vae->second.name);
  }
  if (request.noise == "torch_cpu") text.set("RNG", "CPU");
  if (const auto schedule = model.computed.find("noise_schedule");
      schedule != model.computed.end()) {
    text.set("Noise Schedule", schedule->second);
  }
  set_number(text, "Eta", request.eta);
  return text;
}

Infotext with_settings(Infotext text, const SamplingSettings& settings) {
  if (settings.variation_strength != 0) {
    set_number(text, "Variation seed", settings.variation_seed);
    text.set("Variation seed strength", text_of(settings.variation_strength));
  }
  if (settings.seed_resize_width && settings.seed_resize_height) {
    text.set("Seed resize from",
             size_text(*settings.seed_resize_width, *settings.seed_resize_height));
  }
  if (settings.clip_skip.value_or(1) > 1) set_number(text, "Clip skip", settings.clip_skip);
  if (settings.ensd.value_or(0) != 0) set_number(text, "ENSD", settings.ensd);
  if (settings.tiling) text.set("Tiling", "True");
  set_number(text, "Sigma churn", settings.churn);
  set_number(text, "Sigma tmin", settings.churn_min);
  set_number(text, "Sigma tmax", settings.churn_max);
  set_number(text, "Sigma noise", settings.churn_noise);
  if (settings.emphasis != "original") text.set("Emphasis", theirs(kEmphasis, settings.emphasis));
  if (settings.mimic_scale) {
    text.set("Dynamic thresholding enabled", "True");
    set_number(text, "Mimic scale", settings.mimic_scale);
    text.set("Threshold percentile", text_of(settings.mimic_percentile));
  }
  return text;
}

Infotext with_settings(Infotext text, const HiresSettings& settings) {
  if (!settings.hires_enabled()) return text;
  text.set("Denoising strength", text_of(settings.hires_strength));
  set_number(text, "Hires upscale", settings.hires_scale);
  if (!settings.hires_scale) {
    text.set("Hires resize",
             size_text(settings.hires_width.value_or(0), settings.hires_height.value_or(0)));
  }
  set_number(text, "Hires steps", settings.hires_steps);
  text.set("Hires upscaler", theirs(kUpscalers, settings.hires_upscaler));
  if (settings.hires_sampler) text.set("Hires sampler", sampler_label(*settings.hires_sampler));
  if (settings.hires_spacing) {
    text.set("Hires schedule type", schedule_label(*settings.hires_spacing));
  }
  if (settings.hires_prompt) text.set("Hires prompt", *settings.hires_prompt);
  if (settings.hires_negative_prompt) {
    text.set("Hires negative prompt", *settings.hires_negative_prompt);
  }
  set_number(text, "Hires CFG Scale", settings.hires_guidance);
  return text;
}

Infotext with_settings(Infotext text, const RefinerSettings& settings, const ModelIdentity& model) {
  if (!settings.refiner_enabled()) return text;
  text.set("Refiner", refiner_title(*settings.refiner, model));
  text.set("Refiner switch at", text_of(settings.refiner_switch));
  return text;
}

Infotext with_settings(Infotext text, const InitImage& settings) {
  text.set("Denoising strength", text_of(settings.strength));
  if (settings.noise_multiplier != 1) {
    text.set("Noise multiplier", text_of(settings.noise_multiplier));
  }
  return text;
}

Infotext with_settings(Infotext text, const InpaintSettings& settings) {
  if (settings.invert_mask) text.set("Mask mode", "Inpaint not masked");
  if (settings.mask_blur > 0) text.set("Mask blur", text_of(settings.mask_blur));
  if (settings.only_masked) {
    text.set("Inpaint area", "Only masked");
    text.set("Masked area padding", text_of(settings.padding));
  }
  if (settings.fill != "original") text.set("Masked content", theirs(kFills, settings.fill));
  return text;
}

Infotext with_settings(Infotext text, const EditSettings& settings) {
  text.set("Image CFG scale", text_of(settings.image_guidance));
  return text;
}

std::string infotext(const TextToImageRequest& request, const ModelIdentity& model) {
  return write_infotext(infotext_of(request, model));
}

PaintRequest paint_request(const Infotext& text) {
  PaintRequest request;
  request.prompt = text.prompt;
  request.negative_prompt = text.negative_prompt;
  request.steps = number<int>(text, "Steps");
  const auto sampling = sampling_of(word(text, "Sampler"), word(text, "Schedule type"));
  request.sampler = sampling.sampler;
  request.spacing = sampling.spacing;
  request.guidance = number<double>(text, "CFG scale");
  request.seed = number<std::uint64_t>(text, "Seed");
  request.width = number<int>(text, "Size-1");
  request.height = number<int>(text, "Size-2");
  request.eta = number<double>(text, "Eta");
  request.noise = word(text, "RNG") == "CPU" ? "torch_cpu" : "philox";
  read_sampling(text, request);
  read_hires(text, request);
  request.refiner = word(text, "Refiner");
  if (const auto at = number<double>(text, "Refiner switch at")) request.refiner_switch = *at;
  return request;
}

ImageToImageRequest image_to_image_request(const Infotext& text) {
  const PaintRequest painted = paint_request(text);
  ImageToImageRequest request;
  static_cast<TextToImageRequest&>(request) = painted;
  static_cast<SamplingSettings&>(request) = painted;
  if (const auto strength = number<double>(text, "Denoising strength")) {
    request.strength = *strength;
  }
  request.noise_multiplier = number<double>(text, "Noise multiplier").value_or(1);
  return request;
}

InpaintRequest inpaint_request(const Infotext& text) {
  InpaintRequest request;
  static_cast<ImageToImageRequest&>(request) = image_to_image_request(text);
  request.mask_blur = number<double>(text, "Mask blur").value_or(0);
  request.invert_mask = word(text, "Mask mode") == "Inpaint not masked";
  request.only_masked = word(text, "Inpaint area") == "Only masked";
  if (const auto padding = number<int>(text, "Masked area padding")) request.padding = *padding;
  request.fill = ours(kFills, word(text, "Masked content").value_or("original"));
  return request;
}

}  // namespace sfumato
