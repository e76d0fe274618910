#include "sfumato/data/scenes/holdout.h"

#include <algorithm>

#include "sfumato/base/random.h"

namespace sfumato::scenes {

bool held_out_pair(const SceneDescription::Object& a, const SceneDescription::Object& b) {
  const auto index = [](const SceneDescription::Object& o) {
    return static_cast<std::uint64_t>(o.colour) * kShapes + static_cast<std::uint64_t>(o.shape);
  };
  const auto [low, high] = std::minmax({index(a), index(b)});
  return Random(low * 1000 + high).below(10) == 0;
}

bool holds_held_out_pair(const Scene& scene) {
  const auto objects = describe(scene).objects;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    for (std::size_t j = i + 1; j < objects.size(); ++j) {
      if (held_out_pair(objects[i], objects[j])) return true;
    }
  }
  return false;
}

bool test_caption(std::string_view caption) {
  if (caption.ends_with('.')) caption.remove_suffix(1);
  std::uint64_t hash = 0xCBF29CE484222325ull;  // FNV-1a
  for (const char c : caption) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  }
  return Random(hash).below(16) == 0;
}

}  // namespace sfumato::scenes
