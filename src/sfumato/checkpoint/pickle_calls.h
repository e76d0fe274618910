#pragma once

#include <optional>
#include <string_view>

namespace sfumato {

/// What becomes of a call that a pickle asks for.
enum class PickleCall {
  Record,   ///< kept as data; the reader of the pickle may understand it
  Mapping,  ///< a dictionary
};

/// Nothing for everything that is not known to be harmless.
std::optional<PickleCall> pickle_call(std::string_view module, std::string_view name);

}  // namespace sfumato
