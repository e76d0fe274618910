#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sfumato {

/// The known word closest to `word` by edit distance, or "" when none is close enough to be a
/// likely misspelling (more than a third of the letters differ).
std::string nearest(std::string_view word, std::span<const std::string> known);

/// "did you mean 'x'?" or, when nothing is near, "one of: a, b, c" (at most `most` of them).
std::string suggestion(std::string_view word, std::span<const std::string> known,
                       std::size_t most = 20);

}  // namespace sfumato
