#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// Splits a cleaned text into the pieces that are byte-pair encoded on their own: a special token
/// of `special`, an English contraction ('s, 't, 're, 've, 'm, 'll, 'd), a run of letters, a single
/// digit, or a run of anything else but white space - the first that fits, from left to right.
/// Letters compare without case, so that U+017F (long s) counts as s.
std::vector<std::u32string_view> split_words(std::u32string_view text,
                                             const std::vector<std::u32string>& special);

}  // namespace sfumato
