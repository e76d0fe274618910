#pragma once

#include <string_view>

namespace sfumato::fuzz {

/// A reader of foreign bytes. Whatever they are, it returns or throws sfumato::Error; another
/// exception, a crash or a sanitizer's report is a bug. `name` is that of its file in targets/, of
/// its folder in corpus/ and, behind "fuzz_", of its program.
struct Target {
  std::string_view name;
  void (*read)(std::string_view bytes);
};

extern const Target attention, checkpoint, composition, diffusers_config, diffusers_folder,
    embedding_json, embedding_picture, family, gguf, hub_listing, infotext, output_name, pickle,
    picture, picture_text, plot_axis, recipe, request_json, safetensors, schedule, shards, styles,
    toml, tokenizer, tokens, torch_file, web_dataset, wildcards, zip;

/// Reads the bytes; a refusal is as good as a success.
void feed(const Target& target, std::string_view bytes);

}  // namespace sfumato::fuzz
