#include "sfumato/base/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace sfumato {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> known) {
  std::string best;
  std::size_t best_distance = word.size() / 3 + 2;
  for (const auto& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string> known,
                       std::size_t most) {
  if (const auto near = nearest(word, known); !near.empty()) return "did you mean '" + near + "'?";
  std::string list;
  for (std::size_t i = 0; i < std::min(most, known.size()); ++i) {
    list += (i ? ", " : "") + known[i];
  }
  if (known.size() > most) list += ", ... (" + std::to_string(known.size()) + " in all)";
  return "one of: " + list;
}

}  // namespace sfumato
