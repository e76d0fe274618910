#include "sfumato/hub/choose_files.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>

#include "sfumato/base/bytes_text.h"
#include "sfumato/base/error.h"

namespace sfumato {
namespace {

/// In the order of preference.
constexpr std::array<std::string_view, 6> kWeightEndings{".safetensors", ".ckpt", ".pt",
                                                         ".pth",         ".bin",  ".gguf"};
constexpr std::array<std::string_view, 3> kConfigEndings{".json", ".yaml", ".yml"};
constexpr std::array<std::string_view, 3> kTokenizerFiles{"merges.txt", "vocab.txt",
                                                          "spiece.model"};
/// Weights of other frameworks, and what a training run leaves beside its model.
constexpr std::array<std::string_view, 8> kForeignStarts{"flax_",      "tf_",          "openvino_",
                                                         "rust_model", "optimizer",    "scheduler.",
                                                         "rng_state",  "training_args"};
constexpr std::array<std::string_view, 3> kForeignFolders{"onnx", "openvino", "safety_checker"};
/// Names that libraries give to the weights of any model.
constexpr std::array<std::string_view, 4> kCommonStems{"diffusion_pytorch_model", "model",
                                                       "pytorch_model", "open_clip_pytorch_model"};
/// Others that say nothing of what is inside.
constexpr std::array<std::string_view, 2> kMuteStems{"learned_embeds", "pytorch_lora_weights"};
constexpr std::array<std::string_view, 5> kVariants{".fp16", ".bf16", ".ema_only", ".non_ema",
                                                    ".fp32"};

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }
std::string_view folder_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

template <std::size_t N>
bool starts_with_one(std::string_view text, const std::array<std::string_view, N>& starts) {
  return std::any_of(starts.begin(), starts.end(), [&](auto s) { return text.starts_with(s); });
}
template <std::size_t N>
bool ends_with_one(std::string_view text, const std::array<std::string_view, N>& ends) {
  return std::any_of(ends.begin(), ends.end(), [&](auto e) { return text.ends_with(e); });
}
template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_foreign(std::string_view path) {
  const auto first = path.substr(0, path.find('/'));
  return starts_with_one(base_name(path), kForeignStarts) || is_one_of(first, kForeignFolders) ||
         base_name(path).starts_with('.');
}

/// The list of the shards: model.safetensors.index.json, or with a variant before or after "index".
bool is_shard_index(std::string_view name) {
  return name.ends_with(".json") && name.find(".index.") != name.npos;
}

/// "-00001-of-00004" at the end of a stem, cut off.
std::string_view without_shard(std::string_view stem) {
  constexpr std::string_view kForm = "-00000-of-00000";
  if (stem.size() <= kForm.size()) return stem;
  const auto end = stem.substr(stem.size() - kForm.size());
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(end[i])) != 0;
    if (kForm[i] == '0' ? !digit : end[i] != kForm[i]) return stem;
  }
  return stem.substr(0, stem.size() - kForm.size());
}

/// What one file of weights is: files with one `part` hold the same in other forms, and files
/// that agree in all are the shards of one form.
struct WeightsForm {
  std::string part;  ///< folder and stem
  std::size_t variant, ending;
  bool operator==(const WeightsForm&) const = default;
  /// Safe before pickled, then plain before variants.
  auto rank() const { return std::pair(ending, variant); }
};

/// The form of weights, or of the list of their shards.
std::optional<WeightsForm> form_of(std::string_view path) {
  std::string name(base_name(path));
  if (is_shard_index(name)) {  // "x.safetensors.index.fp16.json" -> "x.fp16.safetensors"
    name.resize(name.size() - std::string_view(".json").size());
    name.erase(name.find(".index"), std::string_view(".index").size());
    for (const auto ending : kWeightEndings) {
      const auto at = name.find(std::string(ending) + ".");
      if (at == name.npos) continue;
      name.erase(at, ending.size());
      name += ending;
      break;
    }
  }
  const auto ending = std::find_if(kWeightEndings.begin(), kWeightEndings.end(),
                                   [&](auto e) { return name.ends_with(e); });
  if (ending == kWeightEndings.end()) return std::nullopt;
  std::string_view stem = std::string_view(name).substr(0, name.size() - ending->size());
  stem = without_shard(stem);
  std::size_t variant = 0;
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    if (!stem.ends_with(kVariants[i])) continue;
    variant = i + 1;
    stem.remove_suffix(kVariants[i].size());
  }
  stem = without_shard(stem);  // "model-00001-of-00002.fp16"
  if (is_one_of(stem, kCommonStems)) stem = "model";
  return WeightsForm{std::string(folder_name(path)) + "/" + std::string(stem), variant,
                     std::size_t(ending - kWeightEndings.begin())};
}

using Forms = std::map<std::string, WeightsForm>;

Forms best_forms(const std::vector<HubFile>& files) {
  Forms best;
  for (const auto& file : files) {
    const auto form = form_of(file.name);
    if (!form || !is_weights_name(file.name)) continue;
    const auto [at, added] = best.emplace(form->part, *form);
    if (!added && form->rank() < at->second.rank()) at->second = *form;
  }
  return best;
}

bool is_chosen(const HubFile& file, const Forms& best) {
  if (const auto form = form_of(file.name)) {
    const auto found = best.find(form->part);
    return found != best.end() && found->second == *form;
  }
  return ends_with_one(file.name, kConfigEndings) ||
         is_one_of(base_name(file.name), kTokenizerFiles);
}

/// Models that have nothing to do with each other are not fetched by the dozen unasked.
void expect_one_model(const std::vector<HubFile>& chosen, const Forms& best,
                      const std::string& where) {
  if (best.size() <= 1) return;
  std::string list;
  int more = 0;
  for (const auto& file : chosen) {
    if (!is_weights_name(file.name)) continue;
    if (list.size() > 400) {
      ++more;
      continue;
    }
    list += (list.empty() ? "" : ", ") + file.name;
    if (file.size) list += " (" + bytes_text(*file.size) + ")";
  }
  if (more > 0) list += " and " + std::to_string(more) + " more";
  throw Error(ErrorKind::InvalidArgument, where + " holds several models: " + list,
              "choose with --include, for example --include NAME or --include '*.safetensors'");
}

std::vector<HubFile> matching_files(const HubListing& listing,
                                    std::span<const std::string> patterns,
                                    const std::string& where) {
  const auto matches = [](const HubFile& file, const std::string& pattern) {
    const std::string base(base_name(file.name));
    return fnmatch(pattern.c_str(), file.name.c_str(), 0) == 0 ||
           fnmatch(pattern.c_str(), base.c_str(), 0) == 0;
  };
  for (const auto& pattern : patterns) {
    if (std::any_of(listing.files.begin(), listing.files.end(),
                    [&](const auto& file) { return matches(file, pattern); })) {
      continue;
    }
    throw Error(ErrorKind::NotFound, where + ": no file matches --include '" + pattern + "'",
                "patterns are like *.safetensors or vae/*");
  }
  std::vector<HubFile> chosen;
  for (const auto& file : listing.files) {
    if (std::any_of(patterns.begin(), patterns.end(),
                    [&](const auto& pattern) { return matches(file, pattern); })) {
      chosen.push_back(file);
    }
  }
  return chosen;
}

}  // namespace

bool is_weights_name(const std::string& name) { return ends_with_one(name, kWeightEndings); }

std::vector<HubFile> choose_files(const HubListing& listing, std::span<const std::string> patterns,
                                  const std::string& where) {
  if (!patterns.empty()) return matching_files(listing, patterns, where);
  const bool pipeline =
      std::any_of(listing.files.begin(), listing.files.end(),
                  [](const auto& file) { return file.name == "model_index.json"; });
  std::vector<HubFile> known, chosen;
  for (const auto& file : listing.files) {
    // Beside a pipeline's folders often lies the same model as one file.
    const bool beside = pipeline && form_of(file.name) && folder_name(file.name).empty();
    if (!is_foreign(file.name) && !beside) known.push_back(file);
  }
  const Forms best = best_forms(known);
  if (best.empty()) {
    throw Error(ErrorKind::NotFound, where + " holds no weights that this program can read",
                "it reads .safetensors, .ckpt, .pt, .pth, .bin and .gguf files");
  }
  std::copy_if(known.begin(), known.end(), std::back_inserter(chosen),
               [&](const auto& file) { return is_chosen(file, best); });
  if (!pipeline) expect_one_model(chosen, best, where);
  return chosen;
}

std::string single_file_name(const HubFile& file, const std::string& repository_name) {
  const std::string name(base_name(file.name));
  const auto form = form_of(name);
  const bool mute = form && (form->part == "/model" || is_one_of(form->part.substr(1), kMuteStems));
  if (!mute) return name;
  return repository_name + std::string(kWeightEndings[form->ending]);
}

}  // namespace sfumato
