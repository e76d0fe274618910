#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// What __name__ may become, by name.
using Wildcards = std::map<std::string, std::vector<std::string>>;

/// Reads the .txt files of a folder and its subfolders: one option per line, blank lines and lines
/// that begin with # left out. A file's name is its path below the folder without ".txt", so that a
/// prompt can reach no other file. Throws NotFound for a missing folder, Corrupt for more than
/// 10,000 files or 256 MiB.
Wildcards load_wildcards(const std::filesystem::path& folder);

/// Makes the random choices of a prompt, the same for the same seed on every machine:
///   {a|b|c}             one of them
///   {3::a|0.5::b|c}     with these relative chances; 1 where none is given
///   {2$$a|b|c}          two different ones, joined by ", "
///   {1-2$$ and $$a|b}   one or two, joined by " and "; an open end of the range is 1 or all
///   __name__            a line of that file, which may have a weight and choices of its own
///   __folder/co*__      a line of any file that fits; a star stands for any characters
///   {2$$__name__}       two different lines
/// Names consist of letters, digits and - _ . / *. A backslash keeps the next character as it is.
/// Throws NotFound for an unknown name and InvalidArgument for what never ends or grows too long.
/// The syntax is that of the Dynamic Prompts extension (docs/SYNTAX.md), without its variables.
std::string fill_wildcards(std::string_view prompt, const Wildcards& wildcards, std::uint64_t seed);

}  // namespace sfumato
