#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "sfumato/base/fields.h"
#include "sfumato/image/codecs.h"
#include "sfumato/request/output_name.h"

namespace sfumato::cli {

/// Where results go and as what.
struct OutputPlace {
  std::string out = {}, name = {};
  std::optional<std::string> format = {};
  std::optional<int> quality = {};

  int quality_or_usual() const { return quality.value_or(kUsualQuality); }
};

inline constexpr std::array kOutputPlaceFields{
    Field<OutputPlace>{"out", &OutputPlace::out, "folder, or a file [out/, with a new name]"},
    Field<OutputPlace>{"name", &OutputPlace::name,
                       "pattern of the names in that folder, such as [date]/[seed]-[prompt_words]"},
    Field<OutputPlace>{.name = "format",
                       .member = &OutputPlace::format,
                       .help = "of pictures, or of a film (webp, gif); or by the ending of --out",
                       .choices = "png|jpeg|webp|gif"},
    Field<OutputPlace>{"quality", &OutputPlace::quality,
                       "of JPEG and WebP; 100: WebP without loss [95]", 1, 100},
};

/// What a file is to be known by.
struct OutputFacts {
  std::string prompt = {};
  std::uint64_t number = 0;    ///< what differs between the pictures of a call
  std::string suffix = {};     ///< what differs otherwise: "-grid"
  NameFacts for_pattern = {};  ///< for --name
};

enum class OutputKind { Picture, Film };

/// The files of one call.
class OutputPath {
 public:
  /// `out` is what the user said: "" for the folder out/ of the current folder, a name with the
  /// ending of a picture (or film) for a file, anything else for a folder. Checks everything, and
  /// that the folder can be written, before any work is done, and leaves nothing behind. Throws Io,
  /// or InvalidArgument for an unknown ending and what does not go together.
  OutputPath(const OutputPlace& place, int count, OutputKind kind = OutputKind::Picture);

  /// ".png", ".jpg", ".webp" or ".gif".
  const std::string& ending() const { return ending_; }
  /// Whether the user named a file, not a folder.
  bool names_file() const { return !file_.empty(); }

  /// Writes a picture and returns its path. A named file is overwritten (with several pictures its
  /// name gets the number and the suffix); in a folder the name comes from the pattern, or from
  /// prompt and number, and is always a new one. What the format cannot hold becomes a PNG, with a
  /// line on `err`.
  std::filesystem::path write(const Image& image, const ImageText& text, const OutputFacts& facts,
                              std::ostream& err) const;
  /// The same for a file that is already encoded, with ending().
  std::filesystem::path write(std::string_view bytes, const OutputFacts& facts) const;

  /// Where a file of another kind goes that belongs to a picture: named like it, with that ending.
  std::filesystem::path beside(const OutputFacts& facts, const std::string& ending) const;

 private:
  std::filesystem::path store(std::string_view bytes, const OutputFacts& facts,
                              const std::string& ending) const;
  std::filesystem::path next(const OutputFacts& facts, const std::string& ending) const;

  std::filesystem::path folder_, file_;
  std::string pattern_, ending_;
  int quality_, count_;
};

}  // namespace sfumato::cli
