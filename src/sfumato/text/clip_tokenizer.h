#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/text/bpe.h"

namespace sfumato {

/// How the two special tokens are written when they occur inside a text.
enum class SpecialTokens {
  OpenAi,    ///< <|startoftext|>, <|endoftext|>
  OpenClip,  ///< <start_of_text>, <end_of_text>
};

/// A vocabulary, and the number of tokens per prompt that it was made for.
struct TokenizerFile {
  int context_length;
  std::vector<Merge> merges;
};

/// {"context_length": 32, "merges": ["a b</w>", ...]}, as tokenizer_file() of text/bpe_trainer.h
/// writes it. Throws Corrupt; `name` is for messages.
TokenizerFile parse_tokenizer_file(std::string_view json, const std::string& name);

/// The vocabulary of the published models: 48894 merges, 77 tokens; part of the program.
const TokenizerFile& original_vocabulary();

/// CLIP's tokenizer (Radford et al. 2021, sec. 2.4): the text is cleaned (text/clean.h) and lower
/// cased, split into words, and each word is byte-pair encoded. Ids are the 512 bytes, the merges,
/// then BOS (second highest) and EOS (highest), whatever the size of the vocabulary.
class ClipTokenizer {
 public:
  ClipTokenizer(std::span<const Merge> merges, int context_length, SpecialTokens special);

  /// The original vocabulary of 49408 ids, 77 tokens; part of the program.
  static ClipTokenizer original(SpecialTokens special);
  /// From the text of a tokenizer file; `name` is for messages.
  static ClipTokenizer from_text(std::string_view json, const std::string& name);
  static ClipTokenizer from_file(const std::filesystem::path& path);

  /// The bare ids of a text: no BOS, no EOS, no limit.
  std::vector<int> encode(std::string_view text) const;

  /// BOS + ids + EOS, then `pad` up to `context_length` ids. A text that is too long is cut and its
  /// last id replaced by EOS. Stable Diffusion 1 pads with eos(), OpenCLIP models with 0.
  std::vector<int> encode_padded(std::string_view text, int context_length, int pad = 0) const;

  /// The text that ids stand for; BOS, EOS and all after EOS are left out.
  std::string decode(std::span<const int> ids) const;

  int vocabulary() const { return bpe_.size() + 2; }
  int bos() const { return bpe_.size(); }
  int eos() const { return bpe_.size() + 1; }
  /// Tokens per prompt that the vocabulary's model was made for.
  int context_length() const { return context_length_; }

 private:
  Bpe bpe_;
  int context_length_;
  SpecialTokens special_;
};

}  // namespace sfumato
