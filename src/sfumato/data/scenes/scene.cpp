#include "sfumato/data/scenes/scene.h"

#include <cmath>

namespace sfumato::scenes {
namespace {

constexpr std::array<std::string_view, kShapes> kShapeNames{"circle", "square", "triangle",
                                                            "star",   "cross",  "ring"};
constexpr std::array<std::string_view, kColours> kColourNames{
    "red", "green", "blue", "yellow", "purple", "orange", "white", "black", "gray", "beige"};
constexpr std::array<std::string_view, 4> kRelationNames{"left of", "right of", "above", "below"};
constexpr std::array<Rgb, kColours> kPalette{{{220, 40, 40},
                                              {40, 170, 70},
                                              {50, 90, 220},
                                              {245, 210, 50},
                                              {150, 60, 190},
                                              {245, 140, 40},
                                              {245, 245, 245},
                                              {25, 25, 25},
                                              {128, 128, 128},
                                              {225, 205, 170}}};

template <class Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

Rgb palette(Colour colour) { return kPalette[static_cast<std::size_t>(colour)]; }

std::string_view name(Shape shape) { return kShapeNames[static_cast<std::size_t>(shape)]; }
std::string_view name(Colour colour) { return kColourNames[static_cast<std::size_t>(colour)]; }
std::string_view name(Relation relation) {
  return kRelationNames[static_cast<std::size_t>(relation)];
}

std::optional<Shape> shape_from(std::string_view name) { return find<Shape>(kShapeNames, name); }
std::optional<Colour> colour_from(std::string_view name) {
  return find<Colour>(kColourNames, name);
}
std::optional<Relation> relation_from(std::string_view name) {
  return find<Relation>(kRelationNames, name);
}

Relation inverse(Relation relation) {
  switch (relation) {
    case Relation::LeftOf:
      return Relation::RightOf;
    case Relation::RightOf:
      return Relation::LeftOf;
    case Relation::Above:
      return Relation::Below;
    case Relation::Below:
      return Relation::Above;
  }
  return relation;  // unreachable
}

SceneDescription describe(const Scene& scene) {
  SceneDescription description;
  for (const SceneObject& o : scene.objects) description.objects.push_back({o.colour, o.shape});
  description.relations = scene.relations;
  return description;
}

HalfExtent half_extent(Shape shape) {
  switch (shape) {
    case Shape::Circle:
    case Shape::Ring:
    case Shape::Cross:
      return {1.0, 1.0};
    case Shape::Square:
      return {0.88, 0.88};
    case Shape::Triangle:
      return {1.0, 0.88};
    case Shape::Star:  // five points on the unit circle: sin 72°, and (1 + cos 36°) / 2
      return {0.9511, 0.9045};
  }
  return {1.0, 1.0};  // unreachable
}

bool relation_holds(double dx, double dy, Relation relation, double dominance) {
  switch (relation) {
    case Relation::LeftOf:
      return dx < 0 && -dx >= dominance * std::abs(dy);
    case Relation::RightOf:
      return dx > 0 && dx >= dominance * std::abs(dy);
    case Relation::Above:
      return dy < 0 && -dy >= dominance * std::abs(dx);
    case Relation::Below:
      return dy > 0 && dy >= dominance * std::abs(dx);
  }
  return false;  // unreachable
}

}  // namespace sfumato::scenes
