#include "name_list.h"

#include <sstream>

namespace sfumato::cli {

std::vector<std::string> split_names(const std::string& text,
                                     const std::function<bool(const std::string&)>& is_one) {
  if (!text.empty() && is_one(text)) return {text};
  std::vector<std::string> names;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const auto first = part.find_first_not_of(' '), last = part.find_last_not_of(' ');
    if (first != part.npos) names.push_back(part.substr(first, last - first + 1));
  }
  return names;
}

}  // namespace sfumato::cli
