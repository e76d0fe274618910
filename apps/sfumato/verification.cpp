#include "verification.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <utility>

#include "picture_text.h"
#include "sfumato/base/bounded_json.h"
#include "sfumato/base/error.h"
#include "sfumato/base/fields.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

using Record = nlohmann::json;

Record own_record(const fs::path& picture, const std::string& text) {
  Record json = parse_bounded_json(text);
  const bool sound = json.is_object() && json.contains("request") && json["request"].is_object() &&
                     json.value("task", Record()).is_string();
  if (sound) return json;
  throw Error(ErrorKind::Corrupt, picture.string() + ": the request inside is damaged");
}

std::string text_at(const Record& json, const char* pointer) {
  const Record::json_pointer at(pointer);
  if (!json.contains(at) || !json.at(at).is_string()) return "";
  return json.at(at).get<std::string>();
}

PictureRecord record_of(const Record& json) {
  PictureRecord record;
  record.task = json["task"].get<std::string>();
  record.model_name = text_at(json, "/model/name");
  record.model_hash = text_at(json, "/model/sha256");
  for (const auto field : kInputFields) {
    const std::string key(field), path = text_at(json, ("/request/" + key).c_str());
    if (!path.empty()) record.inputs[key] = path;
  }
  const auto members = [&](const char* pointer) {
    const Record::json_pointer at(pointer);
    return json.contains(at) && json.at(at).is_object() ? json.at(at) : Record::object();
  };
  // Held by name: items() only refers to it.
  const Record computed = members("/computed"), parts = members("/model/parts");
  for (const auto& [key, value] : computed.items()) {
    if (value.is_string()) record.computed[key] = value.get<std::string>();
  }
  for (const auto& [part, file] : parts.items()) {
    const std::string name = file.is_object() ? text_at(file, "/name") : "";
    if (!name.empty()) record.parts[part] = name;
  }
  return record;
}

/// A1111's text says of a picture painted over no more than how.
PictureRecord record_of(const Infotext& text) {
  const auto value = [&](const char* name) {
    const std::string* found = text.find(name);
    return found ? *found : std::string();
  };
  PictureRecord record{.task = "txt2img",
                       .model_name = value("Model"),
                       .model_hash = value("Model hash"),
                       .inputs = {},
                       .computed = {},
                       .parts = {}};
  const bool masked = text.find("Mask blur") || text.find("Mask mode") ||
                      text.find("Inpaint area") || text.find("Masked content");
  const bool second_pass = text.find("Hires upscale") || text.find("Hires resize-1");
  if (masked || (text.find("Denoising strength") && !second_pass)) {
    record.task = masked ? "inpaint" : "img2img";
    record.inputs["image"] = "";
    if (masked) record.inputs["mask"] = "";
  }
  if (text.find("VAE")) record.parts["vae"] = value("VAE");
  if (text.find("Noise Schedule")) record.computed["noise_schedule"] = value("Noise Schedule");
  return record;
}

std::string spelled(const Record& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// "/computed/precision" -> "precision", "/model/parts/vae/sha256" -> "vae"
std::string part_name(std::string pointer) {
  using Ends = std::pair<std::string_view, std::string_view>;
  constexpr std::array kAround{Ends{"/model/parts/", "/sha256"}, Ends{"/model/parts/", "/name"},
                               Ends{"/computed/", ""}, Ends{"/inputs/", ""}, Ends{"/request/", ""}};
  if (pointer == "/version") return "program version";
  if (pointer == "/model/sha256" || pointer == "/model/name") return "model";
  if (pointer == "/request/noise") return "noise source";
  for (const auto& [begin, end] : kAround) {
    if (!pointer.starts_with(begin) || !pointer.ends_with(end)) continue;
    return pointer.substr(begin.size(), pointer.size() - begin.size() - end.size());
  }
  return pointer;
}

/// Where the record has a hash, the file's name does not matter.
bool is_name_beside_hash(const Record& record, const std::string& pointer) {
  if (!pointer.starts_with("/model/") || !pointer.ends_with("/name")) return false;
  const std::string hash = pointer.substr(0, pointer.size() - 4) + "sha256";
  return !text_at(record, hash.c_str()).empty();
}

std::vector<PictureDifference> compare_own(const Record& picture, const Record& painted) {
  const Record before = picture.flatten(), now = painted.flatten();
  std::vector<PictureDifference> differences;
  for (const auto& [pointer, value] : before.items()) {
    const bool is_input_path = std::any_of(
        kInputFields.begin(), kInputFields.end(),
        [&](std::string_view field) { return pointer == "/request/" + std::string(field); });
    if (is_input_path || value == "" || is_name_beside_hash(picture, pointer)) continue;
    const auto found = now.find(pointer);
    if (found != now.end() && *found == value) continue;
    differences.push_back(
        {part_name(pointer), spelled(value), found == now.end() ? "-" : spelled(*found)});
  }
  for (const auto& [pointer, value] : now.items()) {
    const bool further_part = pointer.starts_with("/model/parts/") && pointer.ends_with("/name");
    if (further_part && !before.contains(pointer)) {
      differences.push_back({part_name(pointer), "-", spelled(value)});
    }
  }
  return differences;
}

bool same_value(const std::string& a, const std::string& b) {
  if (a == b) return true;
  char *end_a = nullptr, *end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a), y = std::strtod(b.c_str(), &end_b);
  return !a.empty() && !b.empty() && !*end_a && !*end_b && x == y;
}

std::vector<PictureDifference> compare_foreign(const Infotext& picture, const Infotext& painted) {
  std::vector<PictureDifference> differences;
  const std::string* version = picture.find("Version");
  differences.push_back(
      {"program", version ? "web UI " + *version : "another", "sfumato " SFUMATO_VERSION});
  if (picture.prompt != painted.prompt) {
    differences.push_back({"prompt", picture.prompt, painted.prompt});
  }
  if (picture.negative_prompt != painted.negative_prompt) {
    differences.push_back({"negative prompt", picture.negative_prompt, painted.negative_prompt});
  }
  const bool hashed = picture.find("Model hash") && painted.find("Model hash");
  for (const auto& [name, value] : picture.values) {
    if (name == "Version" || (name == "Model" && hashed)) continue;
    const std::string* here = painted.find(name);
    if (here && same_value(value, *here)) continue;
    differences.push_back({name, value, here ? *here : "-"});
  }
  return differences;
}

}  // namespace

PictureRecord picture_record(const fs::path& picture, const ImageText& text) {
  if (const auto foreign = foreign_text(text)) return record_of(*foreign);
  const auto own = text.find("sfumato");
  if (own != text.end()) return record_of(own_record(picture, own->second));
  throw Error(ErrorKind::NotFound, picture.string() + ": this picture carries no request",
              "only pictures written by sfumato or by A1111's web UI do");
}

std::vector<PictureDifference> compare_records(const ImageText& picture, const ImageText& painted) {
  if (const auto foreign = foreign_text(picture)) {
    return compare_foreign(*foreign, read_infotext(painted.at("parameters")));
  }
  return compare_own(Record::parse(picture.at("sfumato")), Record::parse(painted.at("sfumato")));
}

std::string lossy_format(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8")) return "JPEG";
  if (bytes.size() < 12 || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WEBP") return "";
  for (std::size_t at = 12; at + 8 <= bytes.size();) {  // chunks: name, size, bytes, padding
    const std::string_view name = bytes.substr(at, 4);
    if (name == "VP8 ") return "lossy WebP";
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      size |= std::size_t{static_cast<unsigned char>(bytes[at + 4 + i])} << 8 * i;
    }
    at += 8 + size + size % 2;
  }
  return "";
}

std::optional<PixelDifference> compare_pixels(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height) return std::nullopt;
  PixelDifference difference;
  double sum = 0, squares = 0;
  for (std::size_t pixel = 0; pixel < a.rgb.size(); pixel += 3) {
    bool same = true;
    for (std::size_t i = pixel; i < pixel + 3; ++i) {
      const int apart = std::abs(int{a.rgb[i]} - int{b.rgb[i]});
      same = same && apart == 0;
      sum += apart;
      squares += double{1} * apart * apart;
      difference.largest = std::max(difference.largest, apart);
    }
    if (!same) ++difference.differing;
  }
  const double count = std::max<double>(1, static_cast<double>(a.rgb.size()));
  difference.mean = sum / count;
  difference.psnr = squares > 0 ? 10 * std::log10(255.0 * 255.0 * count / squares)
                                : std::numeric_limits<double>::infinity();
  return difference;
}

}  // namespace sfumato::cli
