#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sfumato/adapters/adapter_cache.h"
#include "sfumato/adapters/merged_adapters.h"
#include "sfumato/family/model.h"
#include "sfumato/family/prompt_conditioner.h"
#include "sfumato/text/extra_networks.h"

namespace sfumato {

/// The LoRAs and embeddings that prompts for one model may name: the files of two folders and their
/// subfolders, by their names without extension. Changes the weights of `model`, which it shares.
class PromptNetworks {
 public:
  /// The folders need not exist.
  PromptNetworks(const Model& model, const std::filesystem::path& loras,
                 const std::filesystem::path& embeddings);

  /// Makes a file known wherever it lies; returns the name for prompts. Throws NotFound.
  std::string add_lora(const std::filesystem::path& file);

  /// Merges these into the weights, and no others. Returns what each changes, one line per file,
  /// or nothing when they were at work already. Throws NotFound for an unknown name, Corrupt for an
  /// adapter of another base model.
  std::vector<std::string> use(std::span<const LoraUse> uses);

  /// The embeddings that any of the texts names, read when first needed. Throws Corrupt for one
  /// that was made for another base model.
  std::vector<LearnedWord> words_in(std::span<const std::string> texts);

 private:
  using Files = std::map<std::string, std::filesystem::path>;

  Model model_;
  Files loras_, embeddings_;
  AdapterCache cache_;
  MergedAdapters merged_;
  std::map<std::string, LearnedWord> read_;  // by the name that was asked for
  std::vector<LearnedWord> bundled_;         // of the LoRAs at work
};

/// Whether a text says a name as a word of its own, in any case.
bool says(const std::string& text, const std::string& name);

}  // namespace sfumato
