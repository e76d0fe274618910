#include "sfumato/request/infotext_parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/request/web_ui_version.h"
#include "sfumato/text/prompt_attention.h"

namespace sfumato {
namespace {

using nlohmann::json;

struct Missing {
  const char* name;
  const char* text;  ///< null: the number
  int number = 0;
};

constexpr Missing kMissing[] = {
    {"Clip skip", "1"},
    {"Hires resize-1", nullptr, 0},
    {"Hires resize-2", nullptr, 0},
    {"Hires sampler", "Use same sampler"},
    {"Hires schedule type", "Use same scheduler"},
    {"Hires checkpoint", "Use same checkpoint"},
    {"Hires prompt", ""},
    {"Hires negative prompt", ""},
    {"Mask mode", "Inpaint masked"},
    {"Masked content", "original"},
    {"Inpaint area", "Whole picture"},
    {"Masked area padding", nullptr, 32},
    {"RNG", "GPU"},
    {"Schedule type", "Automatic"},
    {"Schedule max sigma", nullptr, 0},
    {"Schedule min sigma", nullptr, 0},
    {"Schedule rho", nullptr, 0},
    {"VAE Encoder", "Full"},
    {"VAE Decoder", "Full"},
    {"FP8 weight", "Disable"},
};

void add_missing(json& all) {
  for (const Missing& missing : kMissing) {
    if (all.contains(missing.name)) continue;
    all[missing.name] = missing.text ? json(missing.text) : json(missing.number);
  }
  if (all["FP8 weight"] != "Disable" && !all.contains("Cache FP16 weight for LoRA")) {
    all["Cache FP16 weight for LoRA"] = false;
  }
}

// Whether brackets change the weight of anything; those that nobody can read are taken to.
bool uses_emphasis(const std::string& prompt) {
  try {
    const auto parts = parse_attention(prompt);
    return std::any_of(parts.begin(), parts.end(), [](const WeightedText& part) {
      return part.weight != 1.0 && part.text != "BREAK";
    });
  } catch (const Error&) {
    return true;
  }
}

// Sizes that fit a picture; anything else is left alone.
std::optional<int> side(const json& all, const char* name, std::optional<int> missing) {
  const auto at = all.find(name);
  if (at == all.end()) return missing;
  if (!at->is_string()) return std::nullopt;
  const auto& text = at->get_ref<const std::string&>();
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value <= 1'000'000 ? std::optional(value) : std::nullopt;
}

// Before 2023 "Size" was the final size, and a first pass of 0 x 0 one of about 512 x 512 pixels in
// multiples of 64 (modules/processing.py, old_hires_fix_first_pass_dimensions).
void restore_first_pass(json& all) {
  auto first_width = side(all, "First pass size-1", std::nullopt);
  auto first_height = side(all, "First pass size-2", std::nullopt);
  const auto width = side(all, "Size-1", 512), height = side(all, "Size-2", 512);
  if (!first_width || !first_height || !width || !height) return;
  if (*first_width == 0 || *first_height == 0) {
    if (*width == 0 || *height == 0) return;
    const double scale = std::sqrt(512.0 * 512.0 / (double(*width) * *height));
    first_width = static_cast<int>(std::ceil(scale * *width / 64)) * 64;
    first_height = static_cast<int>(std::ceil(scale * *height / 64)) * 64;
  }
  all["Size-1"] = *first_width;
  all["Size-2"] = *first_height;
  all["Hires resize-1"] = *width;
  all["Hires resize-2"] = *height;
}

std::optional<WebUiVersion> version_of(const json& all) {
  const auto at = all.find("Version");
  if (at == all.end()) return std::nullopt;
  return parse_web_ui_version(at->get_ref<const std::string&>());
}

bool is_before(const WebUiVersion& version, std::string_view other) {
  return version < *parse_web_ui_version(other);
}

// The prompts of the second pass that only repeat the main ones mean "the same".
void forget_equal_hires_prompts(json& all, const Infotext& text) {
  if (!all.contains("Hires prompt") && !all.contains("Hires negative prompt")) return;
  const auto version = version_of(all);
  if (version && !(*parse_web_ui_version("1.8.0-139") < *version)) return;
  const auto forget = [&](const char* name, const std::string& same) {
    if (!all.contains(name) || all[name] == same) all[name] = "";
  };
  forget("Hires prompt", text.prompt);
  forget("Hires negative prompt", text.negative_prompt);
}

// Switches that make today's program do what the program of that version did.
void add_old_behaviour(json& all) {
  const auto version = version_of(all);
  if (!version) return;
  const auto text = [&](const char* name) { return all.value(name, std::string()); };
  if (is_before(*version, "1.6.0")) {
    if (text("Prompt").find('[') != std::string::npos) all["Old prompt editing timelines"] = true;
    const std::string sampler = text("Sampler");
    if (sampler == "DDIM" || sampler == "PLMS") all["Pad conds v0"] = true;
  }
  if (is_before(*version, "1.7.0-225")) all["Downcast alphas_cumprod"] = true;
  if (is_before(*version, "1.8.0") && !text("Refiner").empty()) {
    all["Refiner switch by sampling steps"] = true;
  }
}

// Forge names the files of autoencoder and text encoders "Module 1", "Module 2", ...
void list_modules(json& all, const Infotext& text) {
  json modules = json::array(), hires = json::array();
  for (const auto& [name, value] : text.values) {
    if (name.starts_with("Module ")) modules.push_back(value);
    if (name.starts_with("Hires Module ") && value != "Built-in") hires.push_back(value);
  }
  if (const std::string* autoencoder = text.find("VAE")) {
    modules = json::array({*autoencoder});
    all.erase("VAE");
  }
  if (!modules.empty()) all["VAE/TE"] = std::move(modules);
  if (!text.find("Hires Module 1")) hires.push_back("Use same choices");
  all["Hires VAE/TE"] = std::move(hires);
}

}  // namespace

nlohmann::json infotext_parameters(std::string_view bytes) {
  const Infotext text = read_infotext(bytes);
  json all = json::object();
  for (const auto& [name, value] : text.values) all[name] = value;
  all["Prompt"] = text.prompt;
  all["Negative prompt"] = text.negative_prompt;
  forget_equal_hires_prompts(all, text);
  if (const std::string* hypernetwork = text.find("Hypernet")) {
    const std::string* strength = text.find("Hypernet strength");
    all["Prompt"] =
        text.prompt + "<hypernet:" + *hypernetwork + ":" + (strength ? *strength : "1.0") + ">";
  }
  add_missing(all);
  restore_first_pass(all);
  if (!all.contains("Emphasis") &&
      (uses_emphasis(text.prompt) || uses_emphasis(text.negative_prompt))) {
    all["Emphasis"] = "Original";
  }
  if (!all.contains("Refiner switch by sampling steps")) {
    all["Refiner switch by sampling steps"] = false;
  }
  add_old_behaviour(all);
  list_modules(all, text);
  return all;
}

}  // namespace sfumato
