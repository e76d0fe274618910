#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The scenes data set: procedurally drawn pictures of one to three flat coloured shapes, whose
/// content a program can check.
namespace sfumato::scenes {

enum class Shape { Circle, Square, Triangle, Star, Cross, Ring };
enum class Colour { Red, Green, Blue, Yellow, Purple, Orange, White, Black, Gray, Beige };
enum class Relation { LeftOf, RightOf, Above, Below };

inline constexpr int kShapes = 6;
inline constexpr int kObjectColours = 8;  ///< gray and beige are for backgrounds only
inline constexpr int kColours = 10;

struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Rgb&) const = default;
};

/// The palette's value of a colour, before jitter (sRGB).
Rgb palette(Colour colour);

std::string_view name(Shape shape);        ///< "circle"
std::string_view name(Colour colour);      ///< "red"
std::string_view name(Relation relation);  ///< "left of"
std::optional<Shape> shape_from(std::string_view name);
std::optional<Colour> colour_from(std::string_view name);
std::optional<Relation> relation_from(std::string_view name);
/// The relation seen from the other object: a left of b <=> b right of a.
Relation inverse(Relation relation);

/// Lengths and positions are fractions of the picture's side, y downwards. Every shape's bounding
/// box is centred on (x, y) and at most 2 * radius wide and high.
struct SceneObject {
  Colour colour = Colour::Red;
  Shape shape = Shape::Circle;
  bool large = false;
  double x = 0.5, y = 0.5, radius = 0.2;
  Rgb rgb;  ///< the palette's value with this object's jitter
};

/// "objects[a] is RELATION objects[b]".
struct SceneRelation {
  int a = 0;
  Relation relation = Relation::LeftOf;
  int b = 1;
  bool operator==(const SceneRelation&) const = default;
};

struct Scene {
  Colour background = Colour::Gray;
  Rgb background_rgb;
  std::vector<SceneObject> objects;      ///< 1 to 3, no two alike in colour and shape
  std::vector<SceneRelation> relations;  ///< those that the caption states
};

/// What a picture drawn for a caption must show.
struct SceneDescription {
  struct Object {
    Colour colour;
    Shape shape;
    bool operator==(const Object&) const = default;
  };
  std::vector<Object> objects;
  std::vector<SceneRelation> relations;
};

SceneDescription describe(const Scene& scene);

/// Half the width and height of the shape's bounding box, as fractions of its radius.
struct HalfExtent {
  double x, y;
};
HalfExtent half_extent(Shape shape);

/// Whether "a RELATION b" holds, (dx, dy) = centre of a - centre of b: the offset along the
/// relation's axis has its sign and is at least `dominance` times the other offset.
bool relation_holds(double dx, double dy, Relation relation, double dominance);

}  // namespace sfumato::scenes
