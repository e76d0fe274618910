#include "sfumato/text/extra_networks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/text/prompt_characters.h"
#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

// The only "=" of an item that has a name; npos for the others ("a=b=c" has none).
std::size_t name_end(const std::string& item) {
  const auto equals = item.find('=');
  return equals == item.rfind('=') ? equals : std::string::npos;
}

std::vector<std::string> split_items(std::u32string_view text) {
  std::vector<std::string> items;
  for (auto colon = text.find(U':'); colon != text.npos; colon = text.find(U':')) {
    items.push_back(to_utf8(text.substr(0, colon)));
    text.remove_prefix(colon + 1);
  }
  items.push_back(to_utf8(text));
  return items;
}

struct Tag {
  ExtraNetwork network;
  std::size_t length;
};

// The tag at the start of `text`, which begins with "<". `closing` is the first ">" of the text.
std::optional<Tag> tag_at(std::u32string_view text, std::size_t closing) {
  std::size_t colon = 1;
  while (colon < text.size() && is_word_character(text[colon])) ++colon;
  if (colon == 1 || colon == text.size() || text[colon] != U':') return std::nullopt;
  if (closing == text.npos || closing == colon + 1) return std::nullopt;
  return Tag{{to_utf8(text.substr(1, colon - 1)),
              split_items(text.substr(colon + 1, closing - colon - 1))},
             closing + 1};
}

std::string tag_text(const ExtraNetwork& network) {
  std::string text = "<" + network.kind;
  for (const auto& item : network.items) text += ":" + item;
  std::replace(text.begin(), text.end(), '\n', ' ');  // messages are one line
  return text + ">";
}

double number(const std::string& item, const ExtraNetwork& network) {
  if (const auto value = ascii_number(trim(item))) return *value;
  throw Error(ErrorKind::InvalidArgument, tag_text(network) + ": '" + item + "' is not a number",
              "write <lora:name:0.8>, or <lora:name:te=0.8:unet=0.5>");
}

LoraUse lora_use(const ExtraNetwork& network) {
  const auto given = network.positional();
  const auto named = network.named();
  if (given.empty()) {
    throw Error(ErrorKind::InvalidArgument, tag_text(network) + ": it has no name");
  }
  // The value by name, else by place; both must be right where both are given.
  const auto item = [&](const char* name, std::size_t place) {
    std::optional<double> value;
    if (place < given.size()) value = number(given[place], network);
    if (const auto at = named.find(name); at != named.end()) value = number(at->second, network);
    return value;
  };
  LoraUse use;
  use.name = given[0];
  use.text_weight = item("te", 1).value_or(1.0);
  use.unet_weight = item("unet", 2).value_or(use.text_weight);
  if (const auto rank = item("dyn", 3)) {
    if (*rank != std::trunc(*rank) || *rank < 1 || *rank > 1 << 20) {
      throw Error(ErrorKind::InvalidArgument,
                  tag_text(network) + ": its fourth value must be a whole number, a rank");
    }
    use.rank = static_cast<int>(*rank);
  }
  return use;
}

}  // namespace

std::vector<std::string> ExtraNetwork::positional() const {
  std::vector<std::string> found;
  for (const auto& item : items) {
    if (name_end(item) == item.npos) found.push_back(item);
  }
  return found;
}

std::map<std::string, std::string> ExtraNetwork::named() const {
  std::map<std::string, std::string> found;
  for (const auto& item : items) {
    const auto end = name_end(item);
    if (end != item.npos) found[item.substr(0, end)] = item.substr(end + 1);
  }
  return found;
}

PromptWithNetworks extract_networks(std::string_view prompt) {
  const std::u32string all = prompt_characters(prompt);
  PromptWithNetworks result;
  std::u32string kept;
  std::size_t closing = 0;  // the first ">" at or after `at`
  for (std::size_t at = 0; at < all.size();) {
    if (closing != all.npos && closing <= at) closing = all.find(U'>', at);
    if (all[at] == U'<' && closing != all.npos) {
      if (auto tag = tag_at(std::u32string_view(all).substr(at), closing - at)) {
        result.networks.push_back(std::move(tag->network));
        at += tag->length;
        continue;
      }
    }
    kept += all[at++];
  }
  result.prompt = to_utf8(kept);
  return result;
}

std::vector<LoraUse> lora_uses(std::span<const ExtraNetwork> networks) {
  std::vector<LoraUse> uses;
  for (const auto& network : networks) {
    if (network.kind == "lora" || network.kind == "lyco") uses.push_back(lora_use(network));
  }
  return uses;
}

}  // namespace sfumato
