#include "prompt_options.h"

#include <algorithm>
#include <utility>

#include "model_files.h"
#include "name_list.h"
#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/text/prompt_styles.h"
#include "sfumato/text/wildcards.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

struct LoraFlag {
  std::string name;  // as in a prompt
  fs::path file;     // empty: named, not given as a file
  double weight = 1.0;
};

LoraFlag parse_lora(const std::string& text) {
  LoraFlag lora{text, text, 1.0};
  const auto colon = text.rfind(':');
  if (!fs::is_regular_file(lora.file) && colon != text.npos) {
    lora.name = text.substr(0, colon);
    lora.file = lora.name;
    fields::from_text(text.substr(colon + 1), "--lora " + lora.name, lora.weight);
  }
  if (fs::is_regular_file(lora.file)) {
    lora.name = lora.file.stem().string();
  } else if (lora.name.find('/') != std::string::npos) {
    throw Error(ErrorKind::NotFound, "--lora: no such file: " + lora.name);
  } else {
    lora.file.clear();
  }
  if (lora.name.empty() || lora.name.find_first_of("<>:") != std::string::npos) {
    throw Error(ErrorKind::InvalidArgument, "--lora: '" + lora.name + "' cannot be a LoRA's name",
                "a name holds no colon and no angle brackets: rename the file");
  }
  return lora;
}

/// "ink, wash:0.5" as its LoRAs; a file or a name in the models folder may have commas.
std::vector<LoraFlag> parse_loras(const std::vector<std::string>& texts, const fs::path& models) {
  const auto is_one = [&](const std::string& text) {
    const std::string name = text.substr(0, text.rfind(':'));
    return fs::is_regular_file(text) || fs::is_regular_file(name) ||
           (name.find(',') != name.npos && find_weights(models, "loras", name));
  };
  std::vector<LoraFlag> loras;
  for (const auto& text : texts) {
    for (const auto& one : split_names(text, is_one)) loras.push_back(parse_lora(one));
  }
  return loras;
}

std::vector<PromptStyle> styles_of(const PromptFlags& flags, const fs::path& models) {
  if (!flags.styles_file.empty()) return load_styles(flags.styles_file);
  const fs::path usual = models / "styles.csv";
  if (fs::exists(usual)) return load_styles(usual);
  throw Error(ErrorKind::NotFound,
              "--style " + flags.styles.front() + ": there is no " + usual.string(),
              "name the file with --styles-file");
}

void apply_styles_to(const PromptFlags& flags, const fs::path& models,
                     TextToImageRequest& request) {
  if (flags.styles.empty()) return;
  const auto styles = styles_of(flags, models);
  const auto is_style = [&](const std::string& name) {
    return find_style(styles, name) != nullptr;
  };
  std::vector<std::string> names, known;
  for (const auto& style : styles) known.push_back(style.name);
  for (const auto& text : flags.styles) {
    for (auto& name : split_names(text, is_style)) {
      if (!is_style(name)) {
        throw Error(ErrorKind::NotFound, "no style '" + name + "'", suggestion(name, known));
      }
      names.push_back(std::move(name));
    }
  }
  auto pair = apply_styles({request.prompt, request.negative_prompt}, names, styles);
  request.prompt = std::move(pair.prompt);
  request.negative_prompt = std::move(pair.negative_prompt);
}

}  // namespace

void add_prompt_flags(Flags& flags, PromptFlags& prompt) {
  const std::string title = "prompt";
  flags.add_repeated(
      "style", "TEXT", "names of styles, separated by commas; may be given several times",
      [&prompt](std::string_view text) { prompt.styles.emplace_back(text); }, title);
  flags.add_repeated(
      "lora", "TEXT", "NAME[:WEIGHT] or a file, separated by commas; may be given several times",
      [&prompt](std::string_view text) { prompt.loras.emplace_back(text); }, title);
  flags.add<PromptFlags>(prompt, kPromptFlagFields, title);
}

void apply_prompt_flags(const PromptFlags& flags, const fs::path& models,
                        TextToImageRequest& request) {
  apply_styles_to(flags, models, request);
  for (const auto& lora : parse_loras(flags.loras, models)) {
    const std::string tag = "<lora:" + lora.name;
    const bool named = request.prompt.find(tag + ":") != std::string::npos ||
                       request.prompt.find(tag + ">") != std::string::npos;
    if (!named) request.prompt += tag + ":" + nlohmann::json(lora.weight).dump() + ">";
  }
}

LoadedSources::LoadedSources(const PromptFlags& flags, const fs::path& models, const Model& model) {
  const fs::path folder =
      flags.wildcards.empty() ? models / "wildcards" : fs::path(flags.wildcards);
  if (!flags.wildcards.empty() || fs::is_directory(folder)) {
    sources_.wildcards = load_wildcards(folder);
  }
  const fs::path loras = models / "loras", embeddings = models / "embeddings";
  if (flags.loras.empty() && !fs::is_directory(loras) && !fs::is_directory(embeddings)) return;
  networks_.emplace(model, loras, embeddings);
  sources_.networks = &*networks_;
  for (const auto& lora : parse_loras(flags.loras, models)) {
    if (!lora.file.empty()) networks_->add_lora(lora.file);
  }
}

void LoadedSources::add_refiner(std::optional<Model> refiner) {
  refiner_ = std::move(refiner);
  sources_.refiner = refiner_ ? &*refiner_ : nullptr;
}

}  // namespace sfumato::cli
