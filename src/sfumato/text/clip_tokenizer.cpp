#include "sfumato/text/clip_tokenizer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "sfumato/base/embedded.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/text/clean.h"
#include "sfumato/text/unicode.h"
#include "sfumato/text/words.h"

namespace sfumato {

std::span<const EmbeddedFile> clip_vocabulary_files();  // cmake/ClipVocabulary.cmake

namespace {

const std::vector<std::u32string>& spellings(SpecialTokens special) {
  static const std::vector<std::u32string> openai{U"<|startoftext|>", U"<|endoftext|>"};
  static const std::vector<std::u32string> open_clip{U"<start_of_text>", U"<end_of_text>"};
  return special == SpecialTokens::OpenAi ? openai : open_clip;
}

std::vector<Merge> original_merges() {
  std::vector<Merge> merges;
  for (const auto& file : clip_vocabulary_files()) {
    if (file.name != "clip_merges.txt") continue;
    std::string_view rest = file.bytes;
    while (!rest.empty()) {
      const auto end = std::min(rest.find('\n'), rest.size());
      merges.push_back(parse_merge(rest.substr(0, end), "the embedded CLIP vocabulary"));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return merges;
}

}  // namespace

ClipTokenizer::ClipTokenizer(std::span<const Merge> merges, int context_length,
                             SpecialTokens special)
    : bpe_(merges), context_length_(context_length), special_(special) {}

const TokenizerFile& original_vocabulary() {
  static const TokenizerFile vocabulary{.context_length = 77, .merges = original_merges()};
  return vocabulary;
}

ClipTokenizer ClipTokenizer::original(SpecialTokens special) {
  return {original_vocabulary().merges, original_vocabulary().context_length, special};
}

TokenizerFile parse_tokenizer_file(std::string_view json, const std::string& name) {
  const auto bad = [&](const std::string& what) {
    return Error(ErrorKind::Corrupt, name + ": not a tokenizer file: " + what);
  };
  const auto tree = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!tree.is_object()) throw bad("expected a JSON object");
  const auto length = tree.find("context_length"), list = tree.find("merges");
  if (length == tree.end() || !length->is_number_integer() || *length < 2 || *length > 1 << 16) {
    throw bad("context_length must be a whole number from 2 to 65536");
  }
  if (list == tree.end() || !list->is_array()) throw bad("merges must be a list of strings");
  std::vector<Merge> merges;
  for (const auto& element : *list) {
    if (!element.is_string()) throw bad("merges must be a list of strings");
    merges.push_back(parse_merge(element.get_ref<const std::string&>(), name));
  }
  return {length->get<int>(), std::move(merges)};
}

ClipTokenizer ClipTokenizer::from_text(std::string_view json, const std::string& name) {
  const TokenizerFile file = parse_tokenizer_file(json, name);
  return {file.merges, file.context_length, SpecialTokens::OpenClip};
}

ClipTokenizer ClipTokenizer::from_file(const std::filesystem::path& path) {
  return from_text(read_file(path, 1 << 26), path.string());
}

std::vector<int> ClipTokenizer::encode(std::string_view text) const {
  const std::u32string clean = clean_text(text);
  const auto& special = spellings(special_);
  std::vector<int> ids;
  for (const auto word : split_words(clean, special)) {
    if (word == special[0]) {
      ids.push_back(bos());
    } else if (word == special[1]) {
      ids.push_back(eos());
    } else {
      const auto pieces = bpe_.encode_word(to_utf8(word));
      ids.insert(ids.end(), pieces.begin(), pieces.end());
    }
  }
  return ids;
}

std::vector<int> ClipTokenizer::encode_padded(std::string_view text, int context_length,
                                              int pad) const {
  std::vector<int> ids = encode(text);
  ids.insert(ids.begin(), bos());
  ids.push_back(eos());
  const auto length = static_cast<std::size_t>(context_length);
  const bool cut = ids.size() > length;
  ids.resize(length, pad);
  if (cut && length > 0) ids.back() = eos();
  return ids;
}

std::string ClipTokenizer::decode(std::span<const int> ids) const {
  std::string text;
  for (const int id : ids) {
    if (id == eos()) break;
    if (id == bos()) continue;
    if (id < 0 || id > eos()) {
      throw Error(ErrorKind::InvalidArgument, "token id " + std::to_string(id) +
                                                  " is outside the vocabulary of " +
                                                  std::to_string(vocabulary()));
    }
    text += bpe_.bytes_of(id);
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace sfumato
