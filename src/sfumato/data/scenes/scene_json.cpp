#include "sfumato/data/scenes/scene_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sfumato/base/error.h"

namespace sfumato::scenes {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxSize = 4096;

Json to_json(const Rgb& rgb) { return Json::array({rgb.r, rgb.g, rgb.b}); }

Json box_of(const LabelMap& map, int label) {
  int left = map.size, top = map.size, right = 0, bottom = 0;
  for (int y = 0; y < map.size; ++y) {
    for (int x = 0; x < map.size; ++x) {
      if (map.at(x, y) != label) continue;
      left = std::min(left, x);
      top = std::min(top, y);
      right = std::max(right, x + 1);
      bottom = std::max(bottom, y + 1);
    }
  }
  return Json::array({left, top, right, bottom});
}

Json runs_of(const LabelMap& map) {
  Json runs = Json::array();
  for (std::size_t begin = 0; begin < map.labels.size();) {
    std::size_t end = begin;
    while (end < map.labels.size() && map.labels[end] == map.labels[begin]) ++end;
    runs.push_back(map.labels[begin]);
    runs.push_back(end - begin);
    begin = end;
  }
  return runs;
}

[[noreturn]] void wrong(const std::string& name, const std::string& field) {
  throw Error(ErrorKind::Corrupt, name + ": scene description: bad value of '" + field + "'");
}

Json parse(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    throw Error(ErrorKind::Corrupt, name + ": scene description is not JSON: " + e.what());
  }
}

template <class Enum>
Enum value_of(std::optional<Enum> value, const std::string& name, const char* field) {
  if (!value) wrong(name, field);
  return *value;
}

Rgb rgb_from(const Json& json) {
  return {json.at(0).get<std::uint8_t>(), json.at(1).get<std::uint8_t>(),
          json.at(2).get<std::uint8_t>()};
}

SceneObject object_from(const Json& json, const std::string& name) {
  SceneObject object;
  object.colour = value_of(colour_from(json.at("colour").get<std::string>()), name, "colour");
  object.shape = value_of(shape_from(json.at("shape").get<std::string>()), name, "shape");
  object.large = json.at("size").get<std::string>() == "large";
  object.rgb = rgb_from(json.at("rgb"));
  object.x = json.at("centre").at(0).get<double>();
  object.y = json.at("centre").at(1).get<double>();
  object.radius = json.at("radius").get<double>();
  return object;
}

Scene scene_from(const Json& json, const std::string& name) {
  Scene scene;
  scene.background =
      value_of(colour_from(json.at("background").get<std::string>()), name, "background");
  scene.background_rgb = rgb_from(json.at("background_rgb"));
  for (const Json& object : json.at("objects")) scene.objects.push_back(object_from(object, name));
  const int count = static_cast<int>(scene.objects.size());
  for (const Json& r : json.at("relations")) {
    SceneRelation relation;
    relation.a = r.at(0).get<int>();
    relation.relation = value_of(relation_from(r.at(1).get<std::string>()), name, "relations");
    relation.b = r.at(2).get<int>();
    if (std::min(relation.a, relation.b) < 0 || std::max(relation.a, relation.b) >= count) {
      wrong(name, "relations");
    }
    scene.relations.push_back(relation);
  }
  return scene;
}

LabelMap label_map_from(const Json& json, const std::string& name) {
  LabelMap map;
  map.size = json.at("size").get<int>();
  if (map.size < 1 || map.size > kMaxSize) wrong(name, "size");
  const std::size_t count = std::size_t(map.size) * map.size;
  const Json& runs = json.at("label_map");
  for (std::size_t i = 0; i + 1 < runs.size(); i += 2) {
    const auto run = runs[i + 1].get<std::size_t>();
    if (run > count - map.labels.size()) wrong(name, "label_map");
    map.labels.insert(map.labels.end(), run, runs[i].get<std::uint8_t>());
  }
  if (map.labels.size() != count) wrong(name, "label_map");
  return map;
}

}  // namespace

std::string scene_to_json(const Scene& scene, int size, const std::string& caption) {
  const LabelMap map = draw_label_map(scene, size);
  Json objects = Json::array();
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    const SceneObject& o = scene.objects[i];
    objects.push_back({{"colour", name(o.colour)},
                       {"shape", name(o.shape)},
                       {"size", o.large ? "large" : "small"},
                       {"rgb", to_json(o.rgb)},
                       {"centre", {o.x, o.y}},
                       {"radius", o.radius},
                       {"box", box_of(map, static_cast<int>(i + 1))}});
  }
  Json relations = Json::array();
  for (const SceneRelation& r : scene.relations) {
    relations.push_back(Json::array({r.a, name(r.relation), r.b}));
  }
  return Json{{"caption", caption},
              {"size", size},
              {"background", name(scene.background)},
              {"background_rgb", to_json(scene.background_rgb)},
              {"objects", objects},
              {"relations", relations},
              {"label_map", runs_of(map)}}
      .dump();
}

Scene scene_from_json(std::string_view json, const std::string& name) {
  try {
    return scene_from(parse(json, name), name);
  } catch (const Json::exception& e) {
    throw Error(ErrorKind::Corrupt, name + ": scene description: " + e.what());
  }
}

LabelMap label_map_from_json(std::string_view json, const std::string& name) {
  try {
    return label_map_from(parse(json, name), name);
  } catch (const Json::exception& e) {
    throw Error(ErrorKind::Corrupt, name + ": scene description: " + e.what());
  }
}

}  // namespace sfumato::scenes
