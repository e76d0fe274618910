#include "sfumato/data/scenes/caption.h"

#include <cctype>
#include <initializer_list>

namespace sfumato::scenes {
namespace {

constexpr int kMostTokens = 26;

using Words = std::initializer_list<const char*>;

std::string any(Words words, Random& random) { return words.begin()[random.below(words.size())]; }

std::string with_article(const std::string& noun) {
  const bool vowel = std::string_view("aeiou").find(noun[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun;
}

/// The choices that hold for a whole caption.
struct Style {
  bool sizes, articles;
};

std::string noun(const SceneObject& object, const Style& style, Random& random) {
  std::string text;
  if (style.sizes) {
    text = object.large ? any({"large ", "large ", "big "}, random)
                        : any({"small ", "small ", "little "}, random);
  }
  return text + std::string(name(object.colour)) + ' ' + std::string(name(object.shape));
}

std::string phrase(const SceneObject& object, const Style& style, Random& random) {
  const std::string text = noun(object, style, random);
  return style.articles ? with_article(text) : text;
}

std::string again(const SceneObject& object) {
  return "the " + std::string(name(object.colour)) + ' ' + std::string(name(object.shape));
}

std::string between(Relation relation, Random& random) {
  switch (relation) {
    case Relation::LeftOf:
      return any({"left of", "to the left of", "to the left of", "on the left of"}, random);
    case Relation::RightOf:
      return any({"right of", "to the right of", "to the right of", "on the right of"}, random);
    case Relation::Above:
      return any({"above", "above", "over"}, random);
    case Relation::Below:
      return any({"below", "below", "under"}, random);
  }
  return "";  // unreachable
}

std::string opening(Relation relation, Random& random) {
  switch (relation) {
    case Relation::LeftOf:
      return any({"to the left of", "left of"}, random);
    case Relation::RightOf:
      return any({"to the right of", "right of"}, random);
    case Relation::Above:
    case Relation::Below:
      return between(relation, random);
  }
  return "";  // unreachable
}

std::string trailing(Relation relation, Random& random) {
  switch (relation) {
    case Relation::LeftOf:
      return any({"to its left", "on its left"}, random);
    case Relation::RightOf:
      return any({"to its right", "on its right"}, random);
    case Relation::Above:
      return "above it";
    case Relation::Below:
      return any({"below it", "under it"}, random);
  }
  return "";  // unreachable
}

std::string prefix(Random& random) {
  return any({"", "", "", "", "there is ", "a picture of ", "an image of ", "a drawing of "},
             random);
}

std::string one(const Scene& scene, const Style& style, Random& random) {
  return (style.articles ? prefix(random) : "") + phrase(scene.objects[0], style, random);
}

std::string two(const Scene& scene, const Style& style, Random& random) {
  const auto& [a, relation, b] = scene.relations[0];
  const std::string first = phrase(scene.objects[a], style, random);
  const std::string second = phrase(scene.objects[b], style, random);
  if (!style.articles) return first + ' ' + between(relation, random) + ' ' + second;
  switch (random.below(8)) {
    case 0:
      return opening(relation, random) + ' ' + second + any({" is ", " there is "}, random) + first;
    case 1:
      return first + " is " + between(relation, random) + ' ' + second;
    case 2:
      return prefix(random) + first + " with " + second + ' ' + trailing(inverse(relation), random);
    default:
      return prefix(random) + first + ' ' + between(relation, random) + ' ' + second;
  }
}

std::string three(const Scene& scene, const Style& style, Random& random) {
  const auto& [a, relation, b] = scene.relations[0];
  const std::string pair = phrase(scene.objects[a], style, random) + ' ' +
                           between(relation, random) + ' ' +
                           phrase(scene.objects[b], style, random);
  const std::string third = phrase(scene.objects[2], style, random);
  if (scene.relations.size() > 1) {
    const auto& other = scene.relations[1];
    return pair + any({", and ", ", "}, random) + third + ' ' + between(other.relation, random) +
           ' ' + again(scene.objects[other.b]);
  }
  return random.chance(0.5) ? pair + ", and " + third : third + ", and " + pair;
}

std::string with_background(const std::string& text, Colour background, bool articles,
                            Random& random) {
  std::string colour(name(background));
  if (background == Colour::Gray && random.chance(0.25)) colour = "grey";
  if (!articles) return text + any({", ", " on "}, random) + colour + " background";
  switch (random.below(6)) {
    case 0:
      return "on " + with_article(colour) + " background, " + text;
    case 1:
      return text + " against " + with_article(colour) + " background";
    case 2:
      return text + ", " + colour + " background";
    default:
      return text + " on " + with_article(colour) + " background";
  }
}

int count_tokens(const std::string& text) {
  int tokens = 1;
  for (const char c : text) tokens += c == ' ' || c == ',' || c == '.';
  return tokens;
}

}  // namespace

std::string caption(const Scene& scene, Random& random) {
  for (;;) {
    const Style style{.sizes = random.chance(0.5), .articles = random.chance(0.85)};
    std::string text = scene.objects.size() == 1   ? one(scene, style, random)
                       : scene.objects.size() == 2 ? two(scene, style, random)
                                                   : three(scene, style, random);
    if (random.chance(0.5)) {
      text = with_background(text, scene.background, style.articles, random);
    }
    if (random.chance(0.15)) text += '.';
    if (count_tokens(text) <= kMostTokens) return text;
  }
}

}  // namespace sfumato::scenes
