#pragma once

#include <span>
#include <string>
#include <vector>

#include "sfumato/text/bpe.h"

namespace sfumato {

/// Learns a small CLIP-style vocabulary: repeatedly merges the most frequent pair of neighbouring
/// symbols in the words of `captions` (Sennrich et al. 2016, algorithm 1), ties going to the pair
/// that sorts first, until the vocabulary has `vocabulary` ids - bytes, merges and the two special
/// tokens together - or no pair occurs twice. Words are split and cleaned as ClipTokenizer does.
std::vector<Merge> train_bpe(std::span<const std::string> captions, int vocabulary);

/// The tokenizer file (JSON) of merges, as ClipTokenizer::from_text reads it.
std::string tokenizer_file(std::span<const Merge> merges, int context_length);

}  // namespace sfumato
