#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "sfumato/base/error.h"
#include "sfumato/request/image_tasks.h"

namespace sfumato {
namespace {

std::string_view without_spaces(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The whole of `text` as a number.
std::optional<double> weight_in(std::string_view text) {
  double weight = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(weight)) {
    return std::nullopt;
  }
  return weight;
}

MixedPicture mixed_picture(std::string_view part) {
  MixedPicture picture{.file = std::string(part)};
  const auto colon = part.rfind(':');
  if (colon == part.npos) return picture;
  if (const auto weight = weight_in(part.substr(colon + 1))) {  // or the name has a colon
    picture = {.file = std::string(without_spaces(part.substr(0, colon))), .weight = *weight};
  }
  return picture;
}

}  // namespace

std::vector<MixedPicture> mixed_pictures(const std::string& mix) {
  std::vector<MixedPicture> pictures;
  if (without_spaces(mix).empty()) return pictures;
  std::string_view rest = mix;
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    more = comma != rest.npos;
    pictures.push_back(mixed_picture(without_spaces(rest.substr(0, comma))));
    if (pictures.back().file.empty()) {
      throw Error(ErrorKind::InvalidArgument, "--mix: a picture without a name in '" + mix + "'",
                  "for example: --mix \"a.png, b.png:0.5\"");
    }
    if (more) rest.remove_prefix(comma + 1);
  }
  return pictures;
}

}  // namespace sfumato
