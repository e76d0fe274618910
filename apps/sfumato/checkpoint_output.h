#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "sfumato/base/fields.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/family/model_config.h"

namespace sfumato::cli {

/// In which form a checkpoint is written: the flags that all commands that write one share.
struct OutputOptions {
  std::string to, dtype;
};

inline constexpr std::array kCheckpointOutputFields{
    Field<OutputOptions>{.name = "to",
                         .member = &OutputOptions::to,
                         .help = "the kind of OUT, where its name does not tell",
                         .choices = "safetensors|gguf|diffusers"},
    Field<OutputOptions>{
        .name = "dtype",
        .member = &OutputOptions::dtype,
        .help =
            "type of the weights, as they are when not given; the last three in GGUF files only",
        .choices = "float32|float16|bfloat16|q8_0|q4_0|q5_1"},
};

/// Where and how a checkpoint will be written.
class CheckpointOutput {
 public:
  /// Checks all that can be checked before the work. Throws InvalidArgument, Unsupported or Io.
  CheckpointOutput(const std::string& path, const OutputOptions& options);

  /// Throws InvalidArgument when writing would replace a file that is being read.
  void expect_other_than(const std::filesystem::path& source) const;

  /// Writes it, whole or not at all. The family is asked for only if the layout depends on it.
  /// What has no place in the layout is noted on `err`. `source` is where the checkpoint was read
  /// from.
  void write(const Checkpoint& checkpoint, const std::function<ModelConfig()>& family,
             const std::filesystem::path& source, std::ostream& err) const;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  CheckpointFormat format_;
  std::string gguf_type_;  ///< "" keeps the tensors' own
  std::optional<at::ScalarType> storage_;
};

}  // namespace sfumato::cli
