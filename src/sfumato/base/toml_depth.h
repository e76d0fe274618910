#pragma once

#include <string>
#include <string_view>

namespace sfumato {

/// Every dot of a TOML key ("a.b.c") makes a table inside the one before, and taking tables apart
/// needs stack for each. Throws InvalidArgument naming the file and the line for a key of more than
/// 32 parts; of values inside one another the parser itself allows 256.
void check_key_depth(std::string_view toml, const std::string& file_name);

}  // namespace sfumato
