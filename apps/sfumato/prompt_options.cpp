#include "prompt_options.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/text/prompt_styles.h"
#include "sfumato/text/wildcards.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const auto first = part.find_first_not_of(' '), last = part.find_last_not_of(' ');
    if (first != part.npos) parts.push_back(part.substr(first, last - first + 1));
  }
  return parts;
}

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

std::vector<PromptStyle> styles_of(const PromptFlags& flags, const fs::path& models) {
  if (!flags.styles_file.empty()) return load_styles(flags.styles_file);
  const fs::path usual = models / "styles.csv";
  if (fs::exists(usual)) return load_styles(usual);
  throw Error(ErrorKind::NotFound, "--style " + flags.style + ": there is no " + usual.string(),
              "name the file with --styles-file");
}

void apply_styles_to(const PromptFlags& flags, const fs::path& models,
                     TextToImageRequest& request) {
  const auto names = split_at_commas(flags.style);
  if (names.empty()) return;
  const auto styles = styles_of(flags, models);
  std::vector<std::string> known;
  for (const auto& style : styles) known.push_back(style.name);
  for (const auto& name : names) {
    if (find_style(styles, name)) continue;
    throw Error(ErrorKind::NotFound, "no style '" + name + "'", suggestion(name, known));
  }
  auto pair = apply_styles({request.prompt, request.negative_prompt}, names, styles);
  request.prompt = std::move(pair.prompt);
  request.negative_prompt = std::move(pair.negative_prompt);
}

}  // namespace

void apply_prompt_flags(const PromptFlags& flags, const fs::path& models,
                        TextToImageRequest& request) {
  apply_styles_to(flags, models, request);
  for (const auto& text : split_at_commas(flags.lora)) {
    const LoraFlag lora = parse_lora(text);
    request.prompt += "<lora:" + lora.name + ":" + nlohmann::json(lora.weight).dump() + ">";
  }
}

LoadedSources::LoadedSources(const PromptFlags& flags, const fs::path& models, const Model& model) {
  const fs::path folder =
      flags.wildcards.empty() ? models / "wildcards" : fs::path(flags.wildcards);
  if (!flags.wildcards.empty() || fs::is_directory(folder)) {
    sources_.wildcards = load_wildcards(folder);
  }
  const fs::path loras = models / "loras", embeddings = models / "embeddings";
  if (flags.lora.empty() && !fs::is_directory(loras) && !fs::is_directory(embeddings)) return;
  networks_.emplace(model, loras, embeddings);
  sources_.networks = &*networks_;
  for (const auto& text : split_at_commas(flags.lora)) {
    const LoraFlag lora = parse_lora(text);
    if (!lora.file.empty()) networks_->add_lora(lora.file);
  }
}

}  // namespace sfumato::cli
