#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "flags.h"
#include "sfumato/base/fields.h"
#include "sfumato/family/model.h"
#include "sfumato/request/text_to_image.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato::cli {

/// What is done to the prompts before they are painted.
struct PromptFlags {
  std::string styles_file, wildcards;
  std::vector<std::string> styles, loras;  ///< as given: each a name, or several between commas
};

inline constexpr std::array kPromptFlagFields{
    Field<PromptFlags>{"styles-file", &PromptFlags::styles_file,
                       "file of the styles [styles.csv in the folder of --models-dir]"},
    Field<PromptFlags>{"wildcards", &PromptFlags::wildcards,
                       "folder of the files for __name__ [wildcards below --models-dir]"},
};

/// All of them, under the title "prompt".
void add_prompt_flags(Flags& flags, PromptFlags& prompt);

/// The prompts of a request with the styles applied and the LoRAs of the flag added as tags. The
/// models folder is where things lie that were named without a path. A LoRA that the prompt names
/// already keeps the weight it has there. Throws NotFound.
void apply_prompt_flags(const PromptFlags& flags, const std::filesystem::path& models,
                        TextToImageRequest& request);

/// The wildcards, the LoRAs and embeddings of the model, and the refiner.
class LoadedSources {
 public:
  LoadedSources(const PromptFlags& flags, const std::filesystem::path& models, const Model& model);
  LoadedSources(const LoadedSources&) = delete;
  LoadedSources& operator=(const LoadedSources&) = delete;

  const PromptSources& sources() const { return sources_; }
  /// See open_refiner() in model_options.h.
  void add_refiner(std::optional<Model> refiner);

 private:
  std::optional<PromptNetworks> networks_;
  std::optional<Model> refiner_;
  PromptSources sources_;
};

}  // namespace sfumato::cli
