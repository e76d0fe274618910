#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace sfumato {

/// JSON that others wrote: discarded (is_discarded()) when it is not JSON or has more than
/// `max_depth` objects and lists inside one another. Parsing survives any depth, but copying and
/// writing the result call themselves at every level, and a small text would exhaust the stack.
nlohmann::json parse_bounded_json(std::string_view text, int max_depth = 64);

}  // namespace sfumato
