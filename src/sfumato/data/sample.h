#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sfumato/image/image.h"

namespace sfumato {

/// One captioned picture as it comes from disk.
struct Sample {
  std::string key;  ///< its name in the data set, e.g. "000123"
  Image image;
  std::string caption;
  std::string json;  ///< what else is known (scene description), or ""
};

/// A data set read once, front to back.
class SampleReader {
 public:
  virtual ~SampleReader() = default;
  /// False at the end.
  virtual bool next(Sample& sample) = 0;
};

/// Opens a folder of WebDataset shards (*.tar), a single .tar, or a plain folder of images with
/// .txt captions beside them, in sorted order. Throws NotFound, or InvalidArgument when it is
/// empty.
std::unique_ptr<SampleReader> open_data(const std::string& path);

/// Everything in memory.
std::vector<Sample> read_all(SampleReader& reader);

}  // namespace sfumato
