#pragma once

#include <filesystem>
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>

namespace sfumato::cli {

/// What a checkpoint is and what it needs, as JSON: file, family (or why it cannot be told),
/// parameters, dtypes, needs, missing / unused / misshapen tensors, non_finite (tensor -> count of
/// NaN and infinite values), nan and infinite (the sums), metadata, sha256 of the whole file and
/// short_hash, its first ten digits (null for weights in several files). `path` is a checkpoint
/// file or a model folder; `family` may be "" to detect it. Throws Corrupt for a damaged file.
nlohmann::ordered_json report_checkpoint(const std::filesystem::path& path,
                                         const std::string& family);

/// The same for people; lists are cut after `most` entries.
void print_checkpoint(std::ostream& out, const nlohmann::ordered_json& report, std::size_t most);

/// Nothing missing or misshapen, as far as the family is known.
bool is_complete(const nlohmann::ordered_json& report);

/// Nothing missing, misshapen or not finite, and the family is known.
bool is_usable(const nlohmann::ordered_json& report);

}  // namespace sfumato::cli
