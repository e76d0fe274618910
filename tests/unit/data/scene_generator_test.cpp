#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "sfumato/base/error.h"
#include "sfumato/data/scenes/draw_scene.h"
#include "sfumato/data/scenes/generate.h"
#include "sfumato/data/scenes/scene_json.h"

namespace sfumato::scenes {
namespace {

constexpr int kScenes = 400;

SceneDescription::Object object_number(int i) {
  return {static_cast<Colour>(i / kShapes), static_cast<Shape>(i % kShapes)};
}

TEST(Holdout, TakesATenthOfAllPairsWhateverTheirOrder) {
  int held = 0, pairs = 0;
  const int count = kObjectColours * kShapes;
  for (int a = 0; a < count; ++a) {
    for (int b = a + 1; b < count; ++b) {
      ++pairs;
      held += held_out_pair(object_number(a), object_number(b));
      EXPECT_EQ(held_out_pair(object_number(a), object_number(b)),
                held_out_pair(object_number(b), object_number(a)));
    }
  }
  EXPECT_NEAR(double(held) / pairs, 0.10, 0.01);
}

TEST(Holdout, LeavesEveryObjectInTraining) {
  for (int a = 0; a < kObjectColours * kShapes; ++a) {
    int kept = 0;
    for (int b = 0; b < kObjectColours * kShapes; ++b) {
      kept += a != b && !held_out_pair(object_number(a), object_number(b));
    }
    EXPECT_GT(kept, 30);
  }
}

TEST(RandomScene, ObeysItsSplit) {
  std::set<std::string> train;
  for (int i = 0; i < kScenes; ++i) {
    const auto drawn = captioned_scene(1, i, {});
    EXPECT_FALSE(holds_held_out_pair(drawn.scene));
    EXPECT_FALSE(test_caption(drawn.caption));
    train.insert(drawn.caption);
  }
  for (int i = 0; i < kScenes; ++i) {
    const auto test = captioned_scene(1, i, {.objects = 0, .split = Split::Test});
    EXPECT_FALSE(holds_held_out_pair(test.scene));
    EXPECT_TRUE(test_caption(test.caption));
    EXPECT_FALSE(train.contains(test.caption));
    const auto held = captioned_scene(1, i, {.objects = 0, .split = Split::HeldOut});
    EXPECT_EQ(held.scene.objects.size(), 2u);
    EXPECT_TRUE(holds_held_out_pair(held.scene));
  }
}

TEST(RandomScene, DependsOnSeedAndIndexOnly) {
  const auto again = [](std::uint64_t seed, std::uint64_t index) {
    const auto drawn = captioned_scene(seed, index, {});
    return scene_to_json(drawn.scene, 64, drawn.caption);
  };
  EXPECT_EQ(again(5, 17), again(5, 17));
  EXPECT_NE(again(5, 17), again(5, 18));
  EXPECT_NE(again(5, 17), again(6, 17));
}

TEST(RandomScene, MixesOneTwoAndThreeObjects) {
  std::map<std::size_t, int> counts;
  for (int i = 0; i < 2000; ++i) ++counts[captioned_scene(2, i, {}).scene.objects.size()];
  EXPECT_NEAR(counts[1], 800, 100);
  EXPECT_NEAR(counts[2], 900, 100);
  EXPECT_NEAR(counts[3], 300, 80);
}

TEST(RandomScene, KeepsObjectsInsideAndApartOnAContrastingBackground) {
  for (int i = 0; i < kScenes; ++i) {
    const Scene scene = captioned_scene(3, i, {}).scene;
    for (std::size_t a = 0; a < scene.objects.size(); ++a) {
      const SceneObject& o = scene.objects[a];
      EXPECT_NE(o.colour, scene.background);
      EXPECT_GE(std::min({o.x, o.y, 1 - o.x, 1 - o.y}), o.radius + 1.0 / 64);
      EXPECT_TRUE(o.large ? o.radius > 12.0 / 64 : o.radius < 9.5 / 64);
      for (std::size_t b = a + 1; b < scene.objects.size(); ++b) {
        const SceneObject& p = scene.objects[b];
        EXPECT_GE(std::max(std::abs(o.x - p.x), std::abs(o.y - p.y)),
                  o.radius + p.radius + 3.0 / 64);
      }
    }
  }
}

TEST(RandomScene, StatesOnlyClearRelations) {
  for (int i = 0; i < kScenes; ++i) {
    const Scene scene = captioned_scene(4, i, {}).scene;
    EXPECT_EQ(scene.relations.empty(), scene.objects.size() == 1);
    for (const auto& [a, relation, b] : scene.relations) {
      const SceneObject &o = scene.objects[a], &p = scene.objects[b];
      EXPECT_TRUE(relation_holds(o.x - p.x, o.y - p.y, relation, 1.5));
      EXPECT_FALSE(relation_holds(o.x - p.x, o.y - p.y, inverse(relation), 0.0));
    }
  }
}

TEST(RandomScene, RefusesImpossibleCounts) {
  Random random(1);
  EXPECT_THROW(random_scene(random, {.objects = 4, .split = Split::Train}), Error);
}

TEST(Caption, NamesEveryObjectInAtMost26Tokens) {
  std::set<std::string> distinct;
  for (int i = 0; i < kScenes; ++i) {
    const auto [scene, caption] = captioned_scene(5, i, {});
    distinct.insert(caption);
    for (const SceneObject& o : scene.objects) {
      const std::string noun = std::string(name(o.colour)) + " " + std::string(name(o.shape));
      EXPECT_NE(caption.find(noun), std::string::npos) << caption;
    }
    const auto tokens = 1 + std::count_if(caption.begin(), caption.end(),
                                          [](char c) { return c == ' ' || c == ',' || c == '.'; });
    EXPECT_LE(tokens, 26) << caption;
    EXPECT_TRUE(std::none_of(caption.begin(), caption.end(), [](char c) { return c < ' '; }));
    EXPECT_EQ(caption.find("a orange"), std::string::npos) << caption;
    EXPECT_EQ(caption.find("  "), std::string::npos) << caption;
  }
  EXPECT_GT(distinct.size(), kScenes * 9 / 10);
}

// Reads a two-object caption back with a grammar of its own: which noun comes first and which
// relation word stands between, before or after them.
TEST(Caption, StatesTheRelationTheRightWayRound) {
  for (int i = 0; i < kScenes; ++i) {
    const auto [scene, caption] = captioned_scene(6, i, {.objects = 2, .split = Split::Train});
    const auto place = [&](int index) {
      const SceneObject& o = scene.objects[index];
      return caption.find(std::string(name(o.colour)) + " " + std::string(name(o.shape)));
    };
    const bool forwards = place(0) < place(1);
    std::string padded = " " + caption + " ";
    const auto said = [&](std::initializer_list<const char*> words) {
      return std::any_of(words.begin(), words.end(), [&](const char* word) {
        return padded.find(std::string(" ") + word + " ") != std::string::npos ||
               padded.find(std::string(" ") + word + ",") != std::string::npos ||
               padded.find(std::string(" ") + word + ".") != std::string::npos;
      });
    };
    const Relation relation = said({"left"})            ? Relation::LeftOf
                              : said({"right"})         ? Relation::RightOf
                              : said({"above", "over"}) ? Relation::Above
                                                        : Relation::Below;
    // "X with Y to its left" and "left of X is Y" name the second noun as the one on the left.
    const auto first = std::min(place(0), place(1));
    const auto word =
        std::min({caption.find("left"), caption.find("right"), caption.find("above"),
                  caption.find("over"), caption.find("below"), caption.find("under")});
    const bool second_is_subject = word < first || caption.find(" with ") != std::string::npos;
    const Relation stated = scene.relations[0].relation;
    EXPECT_EQ(relation, forwards != second_is_subject ? stated : inverse(stated)) << caption;
  }
}

TEST(DrawScene, PaintsBackgroundAndObjectsInTheirColours) {
  Scene scene;
  scene.background_rgb = {120, 130, 140};
  scene.objects = {{Colour::Red, Shape::Square, true, 0.3, 0.5, 0.2, {220, 40, 40}},
                   {Colour::Blue, Shape::Ring, false, 0.75, 0.5, 0.14, {50, 90, 220}}};
  const Image image = draw_scene(scene, 64);
  const auto is = [&](int x, int y, Rgb rgb) {
    const std::uint8_t* p = image.pixel(x, y);
    return Rgb{p[0], p[1], p[2]} == rgb;
  };
  EXPECT_TRUE(is(0, 0, {120, 130, 140}));
  EXPECT_TRUE(is(19, 32, {220, 40, 40}));
  EXPECT_TRUE(is(48, 32, {120, 130, 140}));  // the ring's hole
  EXPECT_TRUE(is(41, 32, {50, 90, 220}));
}

TEST(SceneJson, ReadsBackWhatItWrites) {
  for (int i = 0; i < 50; ++i) {
    const auto [scene, caption] = captioned_scene(7, i, {});
    const std::string json = scene_to_json(scene, 64, caption);
    const Scene back = scene_from_json(json, "x.json");
    EXPECT_EQ(scene_to_json(back, 64, caption), json);
    EXPECT_EQ(label_map_from_json(json, "x.json").labels, draw_label_map(scene, 64).labels);
  }
}

TEST(SceneJson, RefusesDamagedDescriptions) {
  const auto [scene, caption] = captioned_scene(7, 1, {});
  const std::string json = scene_to_json(scene, 64, caption);
  EXPECT_THROW(scene_from_json(json.substr(0, json.size() / 2), "x"), Error);
  EXPECT_THROW(scene_from_json("{}", "x"), Error);
  EXPECT_THROW(scene_from_json("[1]", "x"), Error);
  EXPECT_THROW(label_map_from_json(R"({"size": 1000000, "label_map": []})", "x"), Error);
  EXPECT_THROW(label_map_from_json(R"({"size": 4, "label_map": [0, 99999999]})", "x"), Error);
  EXPECT_THROW(label_map_from_json(R"({"size": 4, "label_map": [0, 3]})", "x"), Error);
}

}  // namespace
}  // namespace sfumato::scenes
