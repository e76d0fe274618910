#include "sfumato/data/scenes/generate.h"

#include <algorithm>
#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/data/scenes/caption.h"

namespace sfumato::scenes {
namespace {

// Lengths in pixels of a 64-pixel picture.
constexpr double kPixel = 1.0 / 64;
constexpr double kGap = 3.2 * kPixel, kMargin = 1.2 * kPixel;
constexpr double kSmall[] = {7.5 * kPixel, 9.0 * kPixel};
constexpr double kLarge[] = {12.5 * kPixel, 14.5 * kPixel};
constexpr double kDominance = 1.5;
constexpr int kJitter = 6;

Rgb jittered(Colour colour, Random& random) {
  const auto jitter = [&](std::uint8_t value) {
    const int moved = value + static_cast<int>(random.below(2 * kJitter + 1)) - kJitter;
    return static_cast<std::uint8_t>(std::clamp(moved, 0, 255));
  };
  const Rgb rgb = palette(colour);
  const std::uint8_t r = jitter(rgb.r), g = jitter(rgb.g), b = jitter(rgb.b);
  return {r, g, b};
}

void draw_size(SceneObject& object, double chance_of_large, Random& random) {
  object.large = random.chance(chance_of_large);
  const double* range = object.large ? kLarge : kSmall;
  object.radius = random.uniform(range[0], range[1]);
}

double anywhere(const SceneObject& object, Random& random) {
  return random.uniform(object.radius + kMargin, 1 - object.radius - kMargin);
}

bool apart(const SceneObject& a, const SceneObject& b) {
  const double distance = std::max(std::abs(a.x - b.x), std::abs(a.y - b.y));
  return distance >= a.radius + b.radius + kGap;
}

bool unambiguous(const SceneObject& a, Relation relation, const SceneObject& b) {
  return apart(a, b) && relation_holds(a.x - b.x, a.y - b.y, relation, kDominance);
}

// Places `first` before `second` along one axis, directly rather than by trial: the distance and
// the start are drawn from what fits, then the offset across from what keeps the axis dominant.
bool place_pair(SceneObject& first, SceneObject& second, bool horizontal, Random& random) {
  const double low = first.radius + kMargin, high = 1 - second.radius - kMargin;
  const double nearest = first.radius + second.radius + kGap;
  if (low + nearest > high) return false;
  const double distance = random.uniform(nearest, high - low);
  const double start = random.uniform(low, high - distance);

  const double across = anywhere(first, random), slack = distance / kDominance;
  const double least = std::max(second.radius + kMargin, across - slack);
  const double most = std::min(1 - second.radius - kMargin, across + slack);
  if (least > most) return false;
  const double second_across = random.uniform(least, most);
  (horizontal ? first.x : first.y) = start;
  (horizontal ? second.x : second.y) = start + distance;
  (horizontal ? first.y : first.x) = across;
  (horizontal ? second.y : second.x) = second_across;
  return true;
}

bool place_third(Scene& scene, Random& random) {
  SceneObject& third = scene.objects[2];
  for (int attempt = 0; attempt < 40; ++attempt) {
    third.x = anywhere(third, random);
    third.y = anywhere(third, random);
    if (apart(third, scene.objects[0]) && apart(third, scene.objects[1])) return true;
  }
  return false;
}

bool place(Scene& scene, Random& random) {
  auto& objects = scene.objects;
  for (SceneObject& o : objects) draw_size(o, objects.size() == 3 ? 0.25 : 0.5, random);
  if (objects.size() == 1) {
    objects[0].x = anywhere(objects[0], random);
    objects[0].y = anywhere(objects[0], random);
    return true;
  }
  const auto relation = static_cast<Relation>(random.below(4));
  const bool horizontal = relation == Relation::LeftOf || relation == Relation::RightOf;
  const bool first_leads = relation == Relation::LeftOf || relation == Relation::Above;
  SceneObject& leading = objects[first_leads ? 0 : 1];
  SceneObject& trailing = objects[first_leads ? 1 : 0];
  if (!place_pair(leading, trailing, horizontal, random)) return false;
  scene.relations = {{0, relation, 1}};
  return objects.size() == 2 || place_third(scene, random);
}

// Half of the three-object scenes also say where the third one is, if that can be said clearly.
void relate_third(Scene& scene, Random& random) {
  if (!random.chance(0.5)) return;
  std::vector<SceneRelation> clear;
  for (int other = 0; other < 2; ++other) {
    for (int r = 0; r < 4; ++r) {
      const auto relation = static_cast<Relation>(r);
      if (unambiguous(scene.objects[2], relation, scene.objects[other])) {
        clear.push_back({2, relation, other});
      }
    }
  }
  if (!clear.empty()) scene.relations.push_back(clear[random.below(clear.size())]);
}

int object_count(const SceneOptions& options, Random& random) {
  if (options.split == Split::HeldOut) return 2;
  if (options.objects > 0) return options.objects;
  const double u = random.uniform();
  return u < 0.40 ? 1 : u < 0.85 ? 2 : 3;
}

bool all_differ(const Scene& scene) {
  const auto objects = describe(scene).objects;
  for (std::size_t i = 1; i < objects.size(); ++i) {
    if (std::find(objects.begin(), objects.begin() + i, objects[i]) != objects.begin() + i) {
      return false;
    }
  }
  return true;
}

void draw_objects(Scene& scene, int count, Split split, Random& random) {
  do {
    scene.objects.assign(static_cast<std::size_t>(count), {});
    for (SceneObject& o : scene.objects) {
      o.colour = static_cast<Colour>(random.below(kObjectColours));
      o.shape = static_cast<Shape>(random.below(kShapes));
    }
  } while (!all_differ(scene) || holds_held_out_pair(scene) != (split == Split::HeldOut));
}

void draw_colours(Scene& scene, Random& random) {
  const auto taken = [&] {
    return std::any_of(scene.objects.begin(), scene.objects.end(),
                       [&](const SceneObject& o) { return o.colour == scene.background; });
  };
  do {
    scene.background = static_cast<Colour>(random.below(kColours));
  } while (taken());
  scene.background_rgb = jittered(scene.background, random);
  for (SceneObject& o : scene.objects) o.rgb = jittered(o.colour, random);
}

}  // namespace

Scene random_scene(Random& random, const SceneOptions& options) {
  if (options.objects < 0 || options.objects > 3) {
    throw Error(ErrorKind::InvalidArgument,
                "a scene holds 1 to 3 objects, not " + std::to_string(options.objects));
  }
  Scene scene;
  draw_objects(scene, object_count(options, random), options.split, random);
  while (!place(scene, random)) {
  }
  if (scene.objects.size() == 3) relate_third(scene, random);
  draw_colours(scene, random);
  return scene;
}

CaptionedScene captioned_scene(std::uint64_t seed, std::uint64_t index,
                               const SceneOptions& options) {
  const std::uint64_t stream = Random(seed * 4 + static_cast<std::uint64_t>(options.split)).bits();
  Random random(Random(stream ^ index).bits());
  CaptionedScene result;
  // The caption decides between Train and Test; a scene whose captions all fall on the wrong side
  // is drawn again.
  for (;;) {
    result.scene = random_scene(random, options);
    for (int attempt = 0; attempt < 20; ++attempt) {
      result.caption = caption(result.scene, random);
      if (options.split == Split::HeldOut) return result;
      if (test_caption(result.caption) == (options.split == Split::Test)) return result;
    }
  }
}

}  // namespace sfumato::scenes
