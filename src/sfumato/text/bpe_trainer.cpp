#include "sfumato/text/bpe_trainer.h"

#include <map>
#include <nlohmann/json.hpp>

#include "sfumato/base/error.h"
#include "sfumato/text/clean.h"
#include "sfumato/text/unicode.h"
#include "sfumato/text/words.h"

namespace sfumato {
namespace {

struct Word {
  std::vector<std::string> symbols;
  std::size_t count;
};

std::vector<Word> count_words(std::span<const std::string> captions) {
  std::map<std::string, std::size_t> counts;
  for (const auto& caption : captions) {
    const auto clean = clean_text(caption);
    for (const auto word : split_words(clean, {})) ++counts[to_utf8(word)];
  }
  std::vector<Word> words;
  for (const auto& [text, count] : counts) {
    Word word{{}, count};
    for (const char c : text) {
      word.symbols.push_back(printable_byte(static_cast<std::uint8_t>(c)));
    }
    word.symbols.back() += "</w>";
    words.push_back(std::move(word));
  }
  return words;
}

using Pair = std::pair<std::string, std::string>;

void join(Word& word, const Pair& pair) {
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < word.symbols.size(); ++i) {
    const bool joins = i + 1 < word.symbols.size() && word.symbols[i] == pair.first &&
                       word.symbols[i + 1] == pair.second;
    joined.push_back(joins ? pair.first + pair.second : word.symbols[i]);
    i += joins;
  }
  word.symbols = std::move(joined);
}

}  // namespace

std::vector<Merge> train_bpe(std::span<const std::string> captions, int vocabulary) {
  if (vocabulary < kByteSymbols + 2) {
    throw Error(ErrorKind::InvalidArgument,
                "a vocabulary of " + std::to_string(vocabulary) + " ids is too small",
                "bytes and special tokens alone need " + std::to_string(kByteSymbols + 2));
  }
  auto words = count_words(captions);
  std::vector<Merge> merges;
  while (kByteSymbols + 2 + static_cast<int>(merges.size()) < vocabulary) {
    std::map<Pair, std::size_t> counts;
    for (const auto& word : words) {
      for (std::size_t i = 0; i + 1 < word.symbols.size(); ++i) {
        counts[{word.symbols[i], word.symbols[i + 1]}] += word.count;
      }
    }
    const Pair* best = nullptr;
    std::size_t best_count = 1;
    for (const auto& [pair, count] : counts) {
      if (count > best_count) {
        best = &pair;
        best_count = count;
      }
    }
    if (!best) break;
    merges.push_back({best->first, best->second});
    for (auto& word : words) join(word, *best);
  }
  return merges;
}

std::string tokenizer_file(std::span<const Merge> merges, int context_length) {
  nlohmann::ordered_json tree;
  tree["context_length"] = context_length;
  tree["merges"] = nlohmann::json::array();
  for (const auto& merge : merges) tree["merges"].push_back(merge.left + " " + merge.right);
  return tree.dump(1) + "\n";
}

}  // namespace sfumato
