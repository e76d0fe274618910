#include "sfumato/data/scenes/scene_reader.h"

#include <algorithm>

#include "sfumato/data/scenes/classify_shape.h"
#include "sfumato/data/scenes/segment.h"

namespace sfumato::scenes {
namespace {

SeenObject see(const Region& region) {
  const ShapeReading reading = classify_shape(region);
  SeenObject object{nearest_colour(region.rgb), reading.shape, 1e9, 1e9, 0, 0, reading.misfit};
  for (int y = 0; y < region.height; ++y) {
    for (int x = 0; x < region.width; ++x) {
      if (region.at(x, y) < 0.5f) continue;
      object.left = std::min<double>(object.left, region.left + x);
      object.top = std::min<double>(object.top, region.top + y);
      object.right = std::max<double>(object.right, region.left + x + 1);
      object.bottom = std::max<double>(object.bottom, region.top + y + 1);
    }
  }
  return object;
}

const SeenObject* find_object(const SeenScene& seen, const SceneDescription::Object& wanted) {
  const auto found = std::find_if(seen.objects.begin(), seen.objects.end(), [&](const auto& o) {
    return o.colour == wanted.colour && o.shape == wanted.shape && o.misfit <= kMostMisfit;
  });
  return found == seen.objects.end() ? nullptr : &*found;
}

}  // namespace

SeenScene read_scene(const Image& image) {
  const Segmentation segmentation = segment(image);
  SeenScene seen{nearest_colour(segmentation.background), {}};
  for (const Region& region : segmentation.regions) seen.objects.push_back(see(region));
  return seen;
}

bool relation_holds(const SeenObject& a, Relation relation, const SeenObject& b) {
  return relation_holds(a.x() - b.x(), a.y() - b.y(), relation, 1.0);
}

SceneCheck check_scene(const SeenScene& seen, const SceneDescription& expected) {
  auto missing = expected.objects;
  bool strangers = false;
  for (const SeenObject& o : seen.objects) {
    const auto match =
        std::find(missing.begin(), missing.end(), SceneDescription::Object{o.colour, o.shape});
    const bool wanted = match != missing.end() && o.misfit <= kMostMisfit;
    if (wanted) missing.erase(match);
    strangers |= !wanted;
  }
  SceneCheck check;
  check.objects_right = missing.empty() && !strangers;
  check.relations_right =
      std::all_of(expected.relations.begin(), expected.relations.end(), [&](const auto& r) {
        const SeenObject* a = find_object(seen, expected.objects.at(r.a));
        const SeenObject* b = find_object(seen, expected.objects.at(r.b));
        return a && b && relation_holds(*a, r.relation, *b);
      });
  return check;
}

SceneCheck check_scene(const Image& image, const SceneDescription& expected) {
  return check_scene(read_scene(image), expected);
}

}  // namespace sfumato::scenes
