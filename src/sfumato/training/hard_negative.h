#pragma once

#include <string>
#include <vector>

#include "sfumato/base/random.h"

namespace sfumato {

/// Words that can stand for each other, e.g. {"left", "right"} or {"red", "green", "blue"}.
using WordGroup = std::vector<std::string>;

/// A caption that reads like the given one and is wrong, so that a contrast between both cannot be
/// told from the bag of words alone (Yuksekgonul et al. 2023, sec. 4.1). Of one group that the
/// caption has words of, chosen at random, two different ones change places; where it has only one,
/// another one of the group replaces it. Empty when no group has a word in the caption.
std::string hard_negative(const std::string& caption, const std::vector<WordGroup>& groups,
                          Random& random);

}  // namespace sfumato
