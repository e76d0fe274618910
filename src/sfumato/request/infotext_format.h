#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sfumato {

/// The text that A1111's web UI keeps in a picture under the name "parameters":
///
///   a cat
///   Negative prompt: blurry
///   Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x512
///
/// Both prompts may have several lines. Values are plain here, without the quotes of the line.
struct Infotext {
  std::string prompt, negative_prompt;
  std::vector<std::pair<std::string, std::string>> values;  ///< "Steps" -> "20"; no name twice

  /// Null when absent.
  const std::string* find(std::string_view name) const;
  /// Replaces the value of `name`, or appends it.
  void set(std::string_view name, std::string value);
};

/// Known names in the order of the web UI (Forge, modules/processing.py, create_infotext), others
/// between "Tiling" and "Version" in the order given.
std::string write_infotext(const Infotext& text);

/// Reads as leniently as the web UI (modules/infotext_utils.py): the last line holds values when it
/// has three pairs or more, "512x768" becomes NAME-1 and NAME-2, an empty value is dropped, the
/// last of equal names wins. Nothing is added for what is missing. Bytes that are no UTF-8 become
/// U+FFFD.
Infotext read_infotext(std::string_view text);

/// A value as the line spells it: in JSON quotes when it holds a comma, colon or line break.
std::string infotext_quote(const std::string& value);
/// The inverse; what is not a JSON string stays as it is.
std::string infotext_unquote(const std::string& spelled);

/// The value of "Lora hashes" and "TI hashes", "ink: 0123456789ab, cat: ba9876543210", as names and
/// hashes. Parts without a colon are left out; commas and colons of a name are not written.
using HashList = std::vector<std::pair<std::string, std::string>>;
HashList read_hash_list(std::string_view value);
std::string write_hash_list(const HashList& hashes);

}  // namespace sfumato
