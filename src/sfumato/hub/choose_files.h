#pragma once

#include <span>
#include <string>
#include <vector>

#include "sfumato/hub/repository.h"

namespace sfumato {

/// Which files of a repository are worth fetching, in the order of the list.
///
/// With patterns (fnmatch(3), '*' also matches '/'): the files whose path, or last part of it,
/// matches one of them, whatever they are. Throws NotFound for a pattern without a match.
///
/// Without: weights, configurations and tokenizers. Of each part one file, or one set of shards:
/// .safetensors before the pickles, the plain one before variants (fp16, ema_only, non_ema).
/// Of a diffusers pipeline (it has model_index.json) the files in folders, without the safety
/// checker, which the program does not use. Throws NotFound where there are no weights, and
/// InvalidArgument where several models lie side by side: which of them is for people to say.
std::vector<HubFile> choose_files(const HubListing& listing, std::span<const std::string> patterns,
                                  const std::string& where);

/// Whether the name is that of weights: .safetensors, .ckpt, .pt, .pth, .bin or .gguf.
bool is_weights_name(const std::string& name);

/// What the file of a repository with one model is called on disk: its own name, or that of the
/// repository where all files are called alike (model.safetensors).
std::string single_file_name(const HubFile& file, const std::string& repository_name);

}  // namespace sfumato
