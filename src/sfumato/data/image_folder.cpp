#include "sfumato/data/image_folder.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "sfumato/base/files.h"
#include "sfumato/image/codecs.h"

namespace sfumato {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxText = 16u << 20;

std::string text_beside(fs::path path, const char* extension) {
  path.replace_extension(extension);
  if (!fs::exists(path)) return "";
  std::string text = read_file(path, kMaxText);
  while (!text.empty() && std::isspace((unsigned char)text.back())) text.pop_back();
  return text;
}

class ImageFolderReader : public SampleReader {
 public:
  explicit ImageFolderReader(std::vector<fs::path> images) : images_(std::move(images)) {}

  bool next(Sample& sample) override {
    if (at_ == images_.size()) return false;
    const fs::path& path = images_[at_++];
    sample = {.key = path.stem().string(),
              .image = read_image(path),
              .caption = text_beside(path, ".txt"),
              .json = text_beside(path, ".json")};
    return true;
  }

 private:
  std::vector<fs::path> images_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<fs::path> list_images(const fs::path& folder) {
  constexpr std::array<std::string_view, 4> kExtensions{".png", ".jpg", ".jpeg", ".webp"};
  std::vector<fs::path> images;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string extension = entry.path().extension().string();
    for (char& c : extension) c = static_cast<char>(std::tolower((unsigned char)c));
    const bool known =
        std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
    if (known && entry.is_regular_file()) images.push_back(entry.path());
  }
  std::sort(images.begin(), images.end());
  return images;
}

std::unique_ptr<SampleReader> read_image_folder(std::vector<fs::path> images) {
  return std::make_unique<ImageFolderReader>(std::move(images));
}

}  // namespace sfumato
