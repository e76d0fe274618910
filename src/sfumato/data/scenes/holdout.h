#pragma once

#include <string_view>

#include "sfumato/data/scenes/scene.h"

namespace sfumato::scenes {

/// Which part of the data set a scene belongs to.
///   Train    never shows a held-out pair of objects and never uses a test caption
///   Test     drawn like Train, but with test captions only
///   HeldOut  two objects that form a held-out pair: the compositional test
enum class Split { Train, Test, HeldOut };

/// The fixed rule: a hash of the unordered pair of (colour, shape) picks 10 % of all pairs.
bool held_out_pair(const SceneDescription::Object& a, const SceneDescription::Object& b);
/// Whether any two objects of the scene form a held-out pair.
bool holds_held_out_pair(const Scene& scene);
/// One caption in 16, by a hash of its words, is never trained on.
bool test_caption(std::string_view caption);

}  // namespace sfumato::scenes
