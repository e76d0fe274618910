#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// A tag <kind:item:item:...> of a prompt, such as <lora:name:0.8>.
struct ExtraNetwork {
  std::string kind;
  std::vector<std::string> items;  ///< as written, at least one

  /// The items without a name, and those with one ("te=0.5").
  std::vector<std::string> positional() const;
  std::map<std::string, std::string> named() const;
};

struct PromptWithNetworks {
  std::string prompt;  ///< without the tags
  std::vector<ExtraNetwork> networks;
};

/// Takes the tags out of a prompt. A kind is a word; its items hold anything but '>'.
/// Source: A1111 and Forge, modules/extra_networks.py.
PromptWithNetworks extract_networks(std::string_view prompt);

/// What a tag <lora:name:te:unet:dyn> or <lyco:...> asks for; te=, unet= and dyn= may be named. The
/// U-Net's weight is the text encoder's unless it is given.
struct LoraUse {
  std::string name;
  double text_weight = 1.0, unet_weight = 1.0;
  std::optional<int> rank;  ///< only so many of the low-rank directions
  bool operator==(const LoraUse&) const = default;
};

/// Those of `networks` that are LoRAs, in order. Throws InvalidArgument for one without a name or
/// with a weight that is no number.
std::vector<LoraUse> lora_uses(std::span<const ExtraNetwork> networks);

}  // namespace sfumato
