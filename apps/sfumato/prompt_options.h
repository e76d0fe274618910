#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "sfumato/base/fields.h"
#include "sfumato/family/model.h"
#include "sfumato/request/text_to_image.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato::cli {

/// What is done to the prompts before they are painted.
struct PromptFlags {
  std::string style, styles_file, wildcards, lora;
};

inline constexpr std::array kPromptFlagFields{
    Field<PromptFlags>{"style", &PromptFlags::style, "names of styles, separated by commas"},
    Field<PromptFlags>{"styles-file", &PromptFlags::styles_file,
                       "file of the styles [styles.csv in the folder of --models-dir]"},
    Field<PromptFlags>{"wildcards", &PromptFlags::wildcards,
                       "folder of the files for __name__ [wildcards below --models-dir]"},
    Field<PromptFlags>{"lora", &PromptFlags::lora,
                       "NAME[:WEIGHT] or a file, several separated by commas"},
};

/// The prompts of a request with the styles applied and the LoRAs of the flag added as tags. The
/// models folder is where things lie that were named without a path. Throws NotFound.
void apply_prompt_flags(const PromptFlags& flags, const std::filesystem::path& models,
                        TextToImageRequest& request);

/// The wildcards, and the LoRAs and embeddings of the model.
class LoadedSources {
 public:
  LoadedSources(const PromptFlags& flags, const std::filesystem::path& models, const Model& model);
  LoadedSources(const LoadedSources&) = delete;
  LoadedSources& operator=(const LoadedSources&) = delete;

  const PromptSources& sources() const { return sources_; }

 private:
  std::optional<PromptNetworks> networks_;
  PromptSources sources_;
};

}  // namespace sfumato::cli
