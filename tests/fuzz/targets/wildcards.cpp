#include "sfumato/text/wildcards.h"

#include <algorithm>
#include <string>

#include "../target.h"

namespace sfumato::fuzz {
namespace {

/// Lines: the first is the prompt, the others are the options of __a__ and __b__ in turn.
void read_wildcards(std::string_view bytes) {
  Wildcards wildcards{{"a", {}}, {"b", {}}};
  const auto take_line = [&] {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const std::string line(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    return line;
  };
  const std::string prompt = take_line();
  for (bool first = true; !bytes.empty(); first = !first) {
    wildcards[first ? "a" : "b"].push_back(take_line());
  }
  fill_wildcards(prompt, wildcards, 1);
}

}  // namespace

const Target wildcards{.name = "wildcards", .read = read_wildcards};

}  // namespace sfumato::fuzz
