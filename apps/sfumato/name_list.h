#pragma once

#include <functional>
#include <string>
#include <vector>

namespace sfumato::cli {

/// The names of a list "a, b", without the blanks around them and without empty ones. A text that
/// `is_one` knows is one name, commas and all.
std::vector<std::string> split_names(const std::string& text,
                                     const std::function<bool(const std::string&)>& is_one);

}  // namespace sfumato::cli
