#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace sfumato::cli {

/// Prints rows with aligned columns, two spaces between them; the first row is the heading.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

}  // namespace sfumato::cli
