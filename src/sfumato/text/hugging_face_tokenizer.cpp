#include "sfumato/text/hugging_face_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using Tree = nlohmann::ordered_json;

constexpr const char* kBeginOfText = "<|startoftext|>";
constexpr const char* kEndOfText = "<|endoftext|>";
constexpr const char* kVersionLine = "#version: 0.2";

// {"!": 0, ...} in the order of the ids.
std::string vocabulary_json(const std::vector<Merge>& merges) {
  std::vector<std::string> words;
  for (const char* ending : {"", "</w>"}) {
    for (const std::uint8_t byte : bytes_by_id()) words.push_back(printable_byte(byte) + ending);
  }
  for (const auto& merge : merges) words.push_back(merge.left + merge.right);
  words.push_back(kBeginOfText);
  words.push_back(kEndOfText);
  std::string json;
  for (std::size_t id = 0; id < words.size(); ++id) {
    json += (id == 0 ? "{" : ", ") + Tree(words[id]).dump() + ": " + std::to_string(id);
  }
  return json + "}\n";
}

Tree special_token(const char* content) {
  return {{"content", content},
          {"lstrip", false},
          {"normalized", true},
          {"rstrip", false},
          {"single_word", false}};
}

Tree special_tokens(const char* pad) {
  return {{"bos_token", special_token(kBeginOfText)},
          {"eos_token", special_token(kEndOfText)},
          {"pad_token", pad},
          {"unk_token", special_token(kEndOfText)}};
}

}  // namespace

std::map<std::string, std::string> hugging_face_tokenizer(const TokenizerFile& tokenizer,
                                                          bool pad_with_eos) {
  std::string merges = std::string(kVersionLine) + "\n";
  for (const auto& merge : tokenizer.merges) merges += merge.left + " " + merge.right + "\n";

  const Tree special = special_tokens(pad_with_eos ? kEndOfText : "!");  // "!" is id 0
  Tree config = special;
  config["add_prefix_space"] = false;
  config["do_lower_case"] = true;
  config["errors"] = "replace";
  config["model_max_length"] = tokenizer.context_length;
  config["tokenizer_class"] = "CLIPTokenizer";
  for (const char* name : {"bos_token", "eos_token", "unk_token"}) {
    config[name]["__type"] = "AddedToken";
  }
  return {{"vocab.json", vocabulary_json(tokenizer.merges)},
          {"merges.txt", merges},
          {"tokenizer_config.json", config.dump(2) + "\n"},
          {"special_tokens_map.json", special.dump(2) + "\n"}};
}

TokenizerFile read_hugging_face_tokenizer(std::string_view merges, std::string_view config,
                                          const std::string& name) {
  TokenizerFile tokenizer{.context_length = 77, .merges = {}};
  const auto tree = nlohmann::json::parse(config, nullptr, /*allow_exceptions=*/false);
  if (tree.is_object() && tree.contains("model_max_length")) {
    const auto& length = tree.at("model_max_length");
    constexpr int kMostTokens = 1 << 16;
    const bool said =
        !length.is_number() || length <= kMostTokens;  // 1e30: transformers knows none
    if (said && (!length.is_number_integer() || length < 2)) {
      throw Error(ErrorKind::Corrupt,
                  name + ": model_max_length must be a whole number from 2 to 65536");
    }
    if (said) tokenizer.context_length = length.get<int>();
  }
  while (!merges.empty()) {
    const auto end = std::min(merges.find('\n'), merges.size());
    const std::string_view line = merges.substr(0, end);
    merges.remove_prefix(std::min(end + 1, merges.size()));
    if (line.empty() || line.starts_with("#version")) continue;
    tokenizer.merges.push_back(parse_merge(line, name));
  }
  return tokenizer;
}

}  // namespace sfumato
