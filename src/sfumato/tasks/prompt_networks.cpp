#include "sfumato/tasks/prompt_networks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "sfumato/adapters/textual_inversion.h"
#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 5> kLoraFiles{".safetensors", ".pt", ".ckpt", ".bin",
                                                     ".pth"};
constexpr std::array<std::string_view, 6> kEmbeddingFiles{".safetensors", ".pt",  ".bin",
                                                          ".pth",         ".png", ".webp"};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Of two files with one name the first in the order of their paths counts.
std::map<std::string, fs::path> files_in(const fs::path& folder,
                                         std::span<const std::string_view> extensions) {
  std::set<fs::path> sorted;
  std::error_code none;  // a folder that cannot be read holds nothing to name
  for (fs::recursive_directory_iterator at(folder, none), end; !none && at != end;
       at.increment(none)) {
    const std::string extension = lower(at->path().extension().string());
    const bool known =
        std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
    std::error_code ignored;
    if (known && at->is_regular_file(ignored)) sorted.insert(at->path());
  }
  std::map<std::string, fs::path> files;
  for (const auto& path : sorted) files.try_emplace(path.stem().string(), path);
  return files;
}

MergedAdapters unmerged(const Model& model) {
  TensorMap tensors = tensors_as_they_lie(model);
  AdapterNames names(model.config, tensors);
  return {std::move(names), std::move(tensors)};
}

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

}  // namespace

bool says(const std::string& text, const std::string& name) {
  if (name.empty()) return false;
  const std::string in = lower(text), wanted = lower(name);
  for (auto at = in.find(wanted); at != in.npos; at = in.find(wanted, at + 1)) {
    const auto end = at + wanted.size();
    const bool begins = at == 0 || !is_word_character(in[at - 1]) || !is_word_character(wanted[0]);
    const bool ends =
        end == in.size() || !is_word_character(in[end]) || !is_word_character(wanted.back());
    if (begins && ends) return true;
  }
  return false;
}

PromptNetworks::PromptNetworks(const Model& model, const fs::path& loras,
                               const fs::path& embeddings)
    : model_(model),
      loras_(files_in(loras, kLoraFiles)),
      embeddings_(files_in(embeddings, kEmbeddingFiles)),
      merged_(unmerged(model)) {}

std::string PromptNetworks::add_lora(const fs::path& file) {
  if (!fs::is_regular_file(file)) {
    throw Error(ErrorKind::NotFound, "no such LoRA file: " + file.string());
  }
  std::string name = file.stem().string();
  loras_[name] = file;
  return name;
}

std::vector<std::string> PromptNetworks::use(std::span<const LoraUse> uses) {
  std::vector<AdapterUse> adapters;
  for (const LoraUse& use : uses) {
    const auto file = loras_.find(use.name);
    if (file == loras_.end()) {
      std::vector<std::string> known;
      for (const auto& [name, path] : loras_) known.push_back(name);
      throw Error(ErrorKind::NotFound, "no LoRA '" + use.name + "'",
                  known.empty() ? "put its file into the folder loras of --models-dir"
                                : suggestion(use.name, known));
    }
    AdapterUse adapter{cache_.get(file->second), use.text_weight, use.unet_weight};
    if (use.rank) adapter.rank = *use.rank;
    adapters.push_back(std::move(adapter));
  }
  if (adapters == merged_.uses()) return {};
  std::vector<LearnedWord> bundled;
  for (const auto& use : adapters) {
    for (const auto& [word, tensors] : use.adapter->embeddings) {
      bundled.push_back(
          learned_word(textual_inversion(tensors, word, use.adapter->name), model_.config));
    }
  }
  unpack_weights(model_);
  const auto reports = merged_.set(std::move(adapters));
  bundled_ = std::move(bundled);
  return reports;
}

std::vector<LearnedWord> PromptNetworks::words_in(std::span<const std::string> texts) {
  const auto said = [&](const std::string& name) {
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return says(text, name); });
  };
  std::vector<LearnedWord> words = bundled_;
  for (const auto& [name, path] : embeddings_) {
    if (!said(name)) continue;
    auto known = read_.find(name);
    if (known == read_.end()) {
      LearnedWord word = learned_word(read_textual_inversion(path), model_.config);
      word.name = name;
      known = read_.emplace(name, std::move(word)).first;
    }
    words.push_back(known->second);
  }
  return words;
}

}  // namespace sfumato
