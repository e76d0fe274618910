#include "sfumato/family/family.h"

#include <algorithm>

#include "sfumato/base/embedded.h"
#include "sfumato/family/names.h"

namespace sfumato {

std::span<const EmbeddedFile> embedded_families();  // families/*.toml, see src/sfumato/CMakeLists

std::span<const ModelConfig> families() {
  static const std::vector<ModelConfig> all = [] {
    std::vector<ModelConfig> configs;
    for (const auto& file : embedded_families()) {
      configs.push_back(parse_family(file.bytes, "families/" + std::string(file.name)));
    }
    std::sort(configs.begin(), configs.end(),
              [](const auto& a, const auto& b) { return a.family < b.family; });
    return configs;
  }();
  return all;
}

const ModelConfig& find_family(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& config : families()) {
    if (config.family == name) return config;
    known.push_back(config.family);
  }
  throw Error(ErrorKind::NotFound, "unknown model family '" + std::string(name) + "'",
              suggestion(name, known, 50));
}

std::string_view encoder_kind_name(EncoderKind kind) { return name_of(kEncoderKinds, kind); }
std::string_view concat_kind_name(ConcatKind kind) { return name_of(kConcatKinds, kind); }

}  // namespace sfumato
