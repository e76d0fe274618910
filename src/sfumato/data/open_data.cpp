#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/data/image_folder.h"
#include "sfumato/data/sample.h"
#include "sfumato/data/web_dataset.h"

namespace sfumato {
namespace fs = std::filesystem;
namespace {

constexpr char kHint[] = "expected tar shards with png and txt, or a folder of pictures";

/// Turns "no sample at all" into an error. Other readers simply end.
class NonEmpty : public SampleReader {
 public:
  NonEmpty(std::unique_ptr<SampleReader> reader, std::string path)
      : reader_(std::move(reader)), path_(std::move(path)), more_(reader_->next(ahead_)) {
    if (!more_) throw Error(ErrorKind::InvalidArgument, path_ + " holds no pictures", kHint);
  }

  bool next(Sample& sample) override {
    if (!more_) return false;
    sample = std::move(ahead_);
    more_ = reader_->next(ahead_);
    return true;
  }

 private:
  std::unique_ptr<SampleReader> reader_;
  std::string path_;
  Sample ahead_;
  bool more_;
};

std::vector<fs::path> list_shards(const fs::path& folder) {
  std::vector<fs::path> shards;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".tar" && entry.is_regular_file()) {
      shards.push_back(entry.path());
    }
  }
  std::sort(shards.begin(), shards.end());
  return shards;
}

std::unique_ptr<SampleReader> open_any(const std::string& path) {
  if (!fs::exists(path)) {
    throw Error(ErrorKind::NotFound, "no such data set: " + path,
                "make one with: sfumato data scenes --out " + path);
  }
  if (!fs::is_directory(path)) return read_web_dataset({path});
  auto shards = list_shards(path);
  if (!shards.empty()) return read_web_dataset(std::move(shards));
  return read_image_folder(list_images(path));
}

}  // namespace

std::unique_ptr<SampleReader> open_data(const std::string& path) {
  try {
    return std::make_unique<NonEmpty>(open_any(path), path);
  } catch (const fs::filesystem_error& e) {
    throw Error(ErrorKind::Io, "cannot read " + path + ": " + e.code().message());
  }
}

std::vector<Sample> read_all(SampleReader& reader) {
  std::vector<Sample> samples;
  for (Sample sample; reader.next(sample);) samples.push_back(std::move(sample));
  return samples;
}

}  // namespace sfumato
