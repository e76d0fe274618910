#include "output_path.h"

#include <algorithm>
#include <cctype>
#include <ostream>
#include <span>
#include <system_error>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLongestSlug = 48;

// "A red circle, left!" -> "a-red-circle-left"
std::string slug(const std::string& prompt) {
  std::string result;
  for (const unsigned char c : prompt) {
    if (std::isalnum(c) && c < 0x80) {
      result += static_cast<char>(std::tolower(c));
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
    if (result.size() == kLongestSlug) break;
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  return result.empty() ? "picture" : result;
}

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

/// An ending of files and the word of --format that it stands for.
struct FileEnding {
  std::string_view ending, format;
};
// The first one is the usual one.
constexpr std::array kPictureEndings{FileEnding{".png", "png"}, FileEnding{".jpg", "jpeg"},
                                     FileEnding{".jpeg", "jpeg"}, FileEnding{".webp", "webp"}};
constexpr std::array kFilmEndings{FileEnding{".webp", "webp"}, FileEnding{".gif", "gif"}};

std::span<const FileEnding> endings_of(OutputKind kind) {
  if (kind == OutputKind::Film) return kFilmEndings;
  return kPictureEndings;
}

std::string_view formats_of(OutputKind kind) {
  return kind == OutputKind::Film ? "films are WebP or GIF" : "pictures are PNG, JPEG or WebP";
}

std::string ending_of_format(const std::string& format, OutputKind kind) {
  for (const auto& [ending, name] : endings_of(kind)) {
    if (name == format) return std::string(ending);
  }
  throw Error(ErrorKind::InvalidArgument,
              "--format " + format + ": " + std::string(formats_of(kind)));
}

// Whether `out` names a file, by its ending. Throws for the ending of another kind of picture.
bool names_a_file(const std::string& out, OutputKind kind) {
  const std::string extension = lower_extension(out);
  if (extension.empty() || fs::is_directory(out)) return false;
  for (const auto& [ending, format] : endings_of(kind)) {
    if (ending == extension) return true;
  }
  for (const char* other : {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tiff", ".avif"}) {
    if (extension != other) continue;
    throw Error(ErrorKind::InvalidArgument, "--out " + out + ": " + std::string(formats_of(kind)),
                "name it " + fs::path(out).stem().string() +
                    std::string(endings_of(kind).front().ending) + ", or name a folder");
  }
  return false;
}

void expect_same_format(const OutputPlace& place, const std::string& ending, OutputKind kind) {
  for (const auto& known : endings_of(kind)) {
    if (!place.format || known.ending != ending || known.format == *place.format) continue;
    throw Error(ErrorKind::InvalidArgument,
                "--out " + place.out + " and --format " + *place.format + " contradict each other",
                "leave --format out");
  }
}

/// A folder for the time of a trial: what was made for it is removed again.
class TrialFolder {
 public:
  explicit TrialFolder(const fs::path& folder) {
    std::error_code ignored;
    for (fs::path at = folder; !at.empty() && !fs::exists(at, ignored); at = at.parent_path()) {
      made_.push_back(at);
    }
    try {
      make_folder(folder);
    } catch (...) {
      remove_made();
      throw;
    }
  }
  ~TrialFolder() { remove_made(); }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;

 private:
  void remove_made() const {
    std::error_code ignored;
    for (const fs::path& path : made_) fs::remove(path, ignored);  // only what is empty
  }
  std::vector<fs::path> made_;  // the deepest first
};

}  // namespace

OutputPath::OutputPath(const OutputPlace& place, int count, OutputKind kind)
    : pattern_(place.name), quality_(place.quality_or_usual()), count_(count) {
  if (!pattern_.empty()) output_name(pattern_, {});  // throws for what it does not know
  const fs::path path = place.out.empty() ? "out" : place.out;
  if (names_a_file(path.string(), kind)) {
    file_ = path;
    folder_ = path.has_parent_path() ? path.parent_path() : ".";
    ending_ = lower_extension(path);
    expect_same_format(place, ending_, kind);
    if (!pattern_.empty()) {
      throw Error(ErrorKind::InvalidArgument,
                  "--name " + pattern_ + " does not go with the file --out " + place.out,
                  "name a folder with --out");
    }
  } else {
    folder_ = path;
    ending_ = place.format ? ending_of_format(*place.format, kind)
                           : std::string(endings_of(kind).front().ending);
  }
  const TrialFolder trial(folder_);
  const AtomicFile probe(file_.empty() ? folder_ / "picture" : file_);
}

fs::path OutputPath::next(const OutputFacts& facts, const std::string& ending) const {
  const std::string number = std::string("-").append(std::to_string(facts.number)) + facts.suffix;
  if (!file_.empty()) {
    const fs::path stem = folder_ / file_.stem();
    if (count_ == 1) return ending == ending_ ? file_ : fs::path(stem.string() + ending);
    return stem.string() + number + ending;
  }
  const std::string stem =
      (folder_ / (pattern_.empty() ? slug(facts.prompt) + number
                                   : output_name(pattern_, facts.for_pattern) + facts.suffix))
          .string();
  fs::path path = stem + ending;
  for (int i = 2; fs::exists(path); ++i) path = stem + '-' + std::to_string(i) + ending;
  return path;
}

fs::path OutputPath::beside(const OutputFacts& facts, const std::string& ending) const {
  fs::path path = next(facts, ending);
  make_folder(path.has_parent_path() ? path.parent_path() : ".");
  return path;
}

fs::path OutputPath::store(std::string_view bytes, const OutputFacts& facts,
                           const std::string& ending) const {
  const fs::path path = beside(facts, ending);
  write_file_atomically(path, bytes);
  return path;
}

fs::path OutputPath::write(std::string_view bytes, const OutputFacts& facts) const {
  return store(bytes, facts, ending_);
}

fs::path OutputPath::write(const Image& image, const ImageText& text, const OutputFacts& facts,
                           std::ostream& err) const {
  std::string bytes, ending = ending_;
  try {
    bytes = encode_image(image, ending_.substr(1), text, quality_);
  } catch (const Error& e) {
    if (ending_ == ".png" || e.kind() != ErrorKind::InvalidArgument) throw;
    err << "note: " << e.what() << ": written as PNG\n";
    ending = ".png";
    bytes = encode_png(image, text);
  }
  return store(bytes, facts, ending);
}

}  // namespace sfumato::cli
