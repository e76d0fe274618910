#include "sfumato/base/bounded_json.h"

namespace sfumato {

nlohmann::json parse_bounded_json(std::string_view text, int max_depth) {
  using nlohmann::json;
  bool too_deep = false;
  const auto check = [&](int depth, json::parse_event_t event, const json&) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    too_deep = too_deep || (opens && depth >= max_depth);
    return !too_deep;
  };
  json value = json::parse(text.begin(), text.end(), check, /*allow_exceptions=*/false);
  return too_deep ? json(json::value_t::discarded) : value;
}

}  // namespace sfumato
