#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sfumato/hub/repository.h"

namespace sfumato {

struct PlannedFile {
  HubFile file;
  std::filesystem::path path;  ///< where it goes
};

struct PullPlan {
  std::vector<PlannedFile> files;
  std::filesystem::path result;  ///< what to give to --model: the one file, or the folder
  /// The place is the repository's own, or the user named it: an older file there is replaced.
  bool replace = false;
};

/// Where the chosen files go. One model in one file becomes that file in `folder`, with the .yaml
/// of its name beside it and without the rest; all else becomes the folder OWNER--NAME in it.
/// `out`, unless "", is a file or an existing folder (or ends with '/') in the first case, the
/// folder itself in the second. `as_said`: the user named the files, none is left out.
PullPlan plan_pull(const Repository& repository, std::vector<HubFile> chosen, bool as_said,
                   const std::filesystem::path& folder, const std::string& out);

/// The path of a single file: `out` as above, else `name` in `folder`.
std::filesystem::path single_path(const std::string& name, const std::filesystem::path& folder,
                                  const std::string& out);

}  // namespace sfumato
