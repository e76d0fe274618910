#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sfumato {

/// The parts of a diffusers folder that have weights, by what they are made of.
enum class DiffusersPart {
  UNet,          ///< UNet2DConditionModel
  AddedUNet,     ///< the same of SDXL: its vector is called an added condition, not a class
  Vae,           ///< AutoencoderKL
  ClipText,      ///< CLIPTextModel under the same names as in a single file
  OpenClipText,  ///< CLIPTextModelWithProjection, in a single file OpenCLIP's text tower
  /// The same of SD2, which uses the last layer but one: the folder has neither the last layer nor
  /// the projection.
  OpenClipPenultimate,
  ClipImage,  ///< CLIPVisionModelWithProjection, in a single file the image tower `visual`
};

/// How a tensor of the single file becomes the one of the folder.
enum class NameChange {
  None,
  Squeeze,    ///< convolution [o, i, 1, 1] -> matrix [o, i]
  Transpose,  ///< parameter [i, o] used as x P -> matrix [o, i]
  Third,      ///< one third of the rows: query, key and value are one tensor in the single file
};

struct RenamedTensor {
  std::string name;
  NameChange change = NameChange::None;
  int third = 0;  ///< 0 query, 1 key, 2 value
};

/// One row of a table of names.
struct DiffusersRename {
  std::string folder, single;  ///< whole names, or beginnings that end in '.'
  NameChange change = NameChange::None;
  int third = 0;
  bool to_single = true, to_folder = true;  ///< the directions in which the row applies
};

/// The names of one part in both layouts, without any prefix.
/// Source: the names in the released files; diffusers' loaders/single_file_utils.py relates the
/// same two.
class DiffusersNames {
 public:
  /// From the names that the part has in one of the layouts: the numbers of its blocks follow.
  static DiffusersNames of_folder(DiffusersPart part, const std::set<std::string>& names);
  static DiffusersNames of_single_file(DiffusersPart part, const std::set<std::string>& names);

  /// The name in the single file and how that tensor becomes the one called `folder_name`; nothing
  /// when the single file has none.
  std::optional<RenamedTensor> in_single_file(const std::string& folder_name) const;
  /// What the tensor becomes in the folder: one tensor, three, or none.
  std::vector<RenamedTensor> in_folder(const std::string& single_name) const;

 private:
  explicit DiffusersNames(const std::vector<DiffusersRename>& rows);

  std::map<std::string, DiffusersRename> by_folder_;
  std::multimap<std::string, DiffusersRename> by_single_;
};

}  // namespace sfumato
