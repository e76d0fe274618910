#include "sfumato/text/prompt_chunks.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/text/prompt_characters.h"

namespace sfumato {
namespace {

constexpr std::size_t kMaxChunks = 256;

class Chunker {
 public:
  Chunker(const ClipTokenizer& tokenizer, const ChunkOptions& options)
      : tokenizer_(tokenizer),
        length_(static_cast<std::size_t>(options.length)),
        backtrack_(static_cast<std::size_t>(options.comma_backtrack)),
        comma_(tokenizer.encode(",").at(0)) {}

  // Ends the chunk if it is full, cut back to its last comma unless `next` is one itself.
  void make_room(int next) {
    if (next == comma_) {
      last_comma_ = current_.ids.size();
    } else if (current_.ids.size() == length_ && may_backtrack()) {
      PromptChunk moved = cut(*last_comma_ + 1);
      end_chunk();
      current_ = std::move(moved);
    }
    if (current_.ids.size() == length_) end_chunk();
  }

  void add(int id, double multiplier) {
    current_.ids.push_back(id);
    current_.multipliers.push_back(multiplier);
  }

  void add_word(std::size_t index, std::size_t count, double multiplier) {
    if (count > length_) {
      throw Error(ErrorKind::InvalidArgument, "a learned word of " + std::to_string(count) +
                                                  " vectors does not fit into " +
                                                  std::to_string(length_) + " tokens");
    }
    if (current_.ids.size() + count > length_) end_chunk();
    current_.words.push_back({index, current_.ids.size()});
    current_.ids.resize(current_.ids.size() + count, 0);
    current_.multipliers.resize(current_.ids.size(), multiplier);
  }

  void end_chunk() {
    if (result_.chunks.size() == kMaxChunks) {
      throw Error(ErrorKind::InvalidArgument, "the prompt fills more than " +
                                                  std::to_string(kMaxChunks) + " chunks of " +
                                                  std::to_string(length_) + " tokens");
    }
    result_.token_count += static_cast<int>(length_);
    current_.ids.resize(length_, tokenizer_.eos());
    current_.multipliers.resize(length_, 1.0);
    current_.ids.insert(current_.ids.begin(), tokenizer_.bos());
    current_.multipliers.insert(current_.multipliers.begin(), 1.0);
    for (auto& word : current_.words) ++word.position;  // BOS stands before it
    current_.ids.push_back(tokenizer_.eos());
    current_.multipliers.push_back(1.0);
    result_.chunks.push_back(std::exchange(current_, {}));
    last_comma_.reset();
  }

  ChunkedPrompt finish() && {
    if (!current_.ids.empty() || result_.chunks.empty()) {
      const auto filling = static_cast<int>(length_ - current_.ids.size());
      end_chunk();
      result_.token_count -= filling;
    }
    return std::move(result_);
  }

 private:
  // Takes what follows the first `kept` tokens out of the chunk.
  PromptChunk cut(std::size_t kept) {
    const auto first = static_cast<std::ptrdiff_t>(kept);
    PromptChunk rest;
    rest.ids.assign(current_.ids.begin() + first, current_.ids.end());
    rest.multipliers.assign(current_.multipliers.begin() + first, current_.multipliers.end());
    while (!current_.words.empty() && current_.words.back().position >= kept) {
      const auto word = current_.words.back();
      rest.words.insert(rest.words.begin(), {word.index, word.position - kept});
      current_.words.pop_back();
    }
    current_.ids.resize(kept);
    current_.multipliers.resize(kept);
    return rest;
  }

  bool may_backtrack() const {
    return backtrack_ > 0 && last_comma_ && current_.ids.size() - *last_comma_ <= backtrack_;
  }

  const ClipTokenizer& tokenizer_;
  std::size_t length_, backtrack_;
  int comma_;
  PromptChunk current_;                    // without BOS and EOS
  std::optional<std::size_t> last_comma_;  // in current_
  ChunkedPrompt result_;
};

// The learned word whose name stands at the start of `ids`; the longest one, or nothing.
std::optional<std::size_t> word_at(std::span<const LearnedName> words, std::span<const int> ids) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& name = words[i].ids;
    if (name.empty() || name.size() > ids.size()) continue;
    if (!std::equal(name.begin(), name.end(), ids.begin())) continue;
    if (!found || name.size() > words[*found].ids.size()) found = i;
  }
  return found;
}

void add_text(Chunker& chunker, std::span<const int> ids, double weight,
              std::span<const LearnedName> words) {
  while (!ids.empty()) {
    chunker.make_room(ids.front());
    if (const auto word = word_at(words, ids)) {
      chunker.add_word(*word, static_cast<std::size_t>(words[*word].count), weight);
      ids = ids.subspan(words[*word].ids.size());
    } else {
      chunker.add(ids.front(), weight);
      ids = ids.subspan(1);
    }
  }
}

}  // namespace

ChunkedPrompt chunk_prompt(const ClipTokenizer& tokenizer, std::string_view prompt,
                           const ChunkOptions& options) {
  if (options.length < 1 || options.comma_backtrack < 0) {
    throw Error(ErrorKind::InvalidArgument, "prompt chunks of " + std::to_string(options.length) +
                                                " tokens, cut back by " +
                                                std::to_string(options.comma_backtrack));
  }
  std::vector<WeightedText> parts;
  if (options.emphasis == Emphasis::None) {
    check_prompt_size(prompt.size());
    parts = {{std::string(prompt), 1.0}};
  } else {
    parts = parse_attention(prompt);
  }
  Chunker chunker(tokenizer, options);
  for (const auto& part : parts) {
    if (is_break(part)) {
      chunker.end_chunk();
    } else {
      add_text(chunker, tokenizer.encode(part.text), part.weight, options.words);
    }
  }
  return std::move(chunker).finish();
}

PromptChunk empty_chunk(const ClipTokenizer& tokenizer, int length) {
  ChunkOptions options;
  options.length = length;
  return chunk_prompt(tokenizer, "", options).chunks.at(0);
}

std::vector<int> padded_with(std::vector<int> ids, int eos, int pad) {
  const auto first = std::find(ids.begin(), ids.end(), eos);
  if (first != ids.end()) std::fill(first + 1, ids.end(), pad);
  return ids;
}

}  // namespace sfumato
