#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sfumato/text/clip_tokenizer.h"

namespace sfumato {

/// The files in which Hugging Face keeps a CLIPTokenizer, name -> content: vocab.json, merges.txt,
/// tokenizer_config.json and special_tokens_map.json. Short prompts are padded with EOS or, without
/// `pad_with_eos`, with id 0.
/// Source: transformers, models/clip/tokenization_clip.py, and the files published with SD 1.5 and
/// SDXL.
std::map<std::string, std::string> hugging_face_tokenizer(const TokenizerFile& tokenizer,
                                                          bool pad_with_eos);

/// The reverse, from merges.txt and tokenizer_config.json ("" when there is none: 77 tokens).
/// Throws Corrupt naming `name`.
TokenizerFile read_hugging_face_tokenizer(std::string_view merges, std::string_view config,
                                          const std::string& name);

}  // namespace sfumato
