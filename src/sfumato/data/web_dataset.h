#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sfumato/data/sample.h"

/// WebDataset: samples in tar files ("shards"); the files of one sample stand one after the other
/// and share the name up to the first dot: 000123.png, 000123.txt, 000123.json.
namespace sfumato {

/// "PREFIX-000007.tar".
std::string shard_name(const std::string& prefix, std::uint64_t index);

/// Writes shards of `per_shard` samples. A shard appears under its name only when complete. Equal
/// samples give equal bytes: no times, no user names.
class WebDatasetWriter {
 public:
  WebDatasetWriter(std::filesystem::path folder, std::string prefix, std::uint64_t per_shard);
  ~WebDatasetWriter();

  /// Stores the picture as PNG, the caption as .txt and the json, if any, as .json.
  void write(const Sample& sample);
  /// Completes the last shard; without it that shard is dropped.
  void finish();

 private:
  class Shard;
  std::filesystem::path folder_;
  std::string prefix_;
  std::uint64_t per_shard_, shards_ = 0, in_shard_ = 0;
  std::unique_ptr<Shard> shard_;
};

/// Reads shards one after the other. Files of a kind it does not know are skipped, samples without
/// a picture too; a missing caption is "". Throws Corrupt naming shard and file for damaged tars,
/// damaged pictures, and files larger than a sample's may be (256 MiB; text 1 MiB, json 16 MiB).
std::unique_ptr<SampleReader> read_web_dataset(std::vector<std::filesystem::path> shards);

}  // namespace sfumato
