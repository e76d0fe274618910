#include "checkpoint_output.h"

#include <algorithm>
#include <ostream>
#include <string_view>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/gguf.h"
#include "sfumato/checkpoint/storage_type.h"
#include "sfumato/family/save_diffusers.h"
#include "sfumato/family/tokenizer_text.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

struct Dtype {
  std::string_view name, gguf;
  std::optional<at::ScalarType> plain;
};
const std::array kDtypes{
    Dtype{"", "", std::nullopt},         Dtype{"float32", "F32", at::kFloat},
    Dtype{"float16", "F16", at::kHalf},  Dtype{"bfloat16", "BF16", at::kBFloat16},
    Dtype{"q8_0", "Q8_0", std::nullopt}, Dtype{"q4_0", "Q4_0", std::nullopt},
    Dtype{"q5_1", "Q5_1", std::nullopt},
};

const Dtype& dtype_named(const std::string& name) {
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [&](const Dtype& dtype) { return dtype.name == name; });
  if (found != kDtypes.end()) return *found;
  throw Error(ErrorKind::InvalidArgument, "--dtype: unknown type '" + name + "'");
}

CheckpointFormat format_of(const std::string& path, const std::string& to) {
  if (to == "diffusers") return CheckpointFormat::Diffusers;
  if (to == "gguf") return CheckpointFormat::Gguf;
  if (to == "safetensors") return CheckpointFormat::Safetensors;
  if (path.ends_with('/') || fs::is_directory(path)) return CheckpointFormat::Diffusers;
  if (path.ends_with(".gguf")) return CheckpointFormat::Gguf;
  if (path.ends_with(".safetensors")) return CheckpointFormat::Safetensors;
  for (const char* pickled : {".ckpt", ".pt", ".pth", ".bin"}) {
    if (!path.ends_with(pickled)) continue;
    throw Error(ErrorKind::Unsupported, path + ": files of PyTorch are read, not written",
                "name it .safetensors, which the same programs read");
  }
  throw Error(ErrorKind::InvalidArgument, path + ": the name does not tell what to write",
              "end it in .safetensors, .gguf or / (a diffusers folder), or say it with --to");
}

void expect_folder_around(const fs::path& path) {
  const fs::path parent =
      path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
  if (parent.empty() || fs::is_directory(parent)) return;
  throw Error(ErrorKind::NotFound, "no such folder: " + parent.string(), "make it first");
}

/// Without what a GGUF file says about itself alone.
Metadata portable(const Metadata& metadata) {
  constexpr std::array<std::string_view, 4> kOwn{"general.architecture", "general.alignment",
                                                 "general.file_type",
                                                 "general.quantization_version"};
  Metadata kept;
  for (const auto& [key, value] : metadata) {
    const bool own = std::find(kOwn.begin(), kOwn.end(), key) != kOwn.end();
    if (!own && !key.starts_with("comfy.gguf.")) kept[key] = value;
  }
  return kept;
}

}  // namespace

CheckpointOutput::CheckpointOutput(const std::string& path, const OutputOptions& options)
    : path_(path), format_(format_of(path, options.to)) {
  const Dtype& dtype = dtype_named(options.dtype);
  gguf_type_ = dtype.gguf;
  storage_ = dtype.plain;
  const bool quantised = !options.dtype.empty() && !storage_;
  if (quantised && format_ != CheckpointFormat::Gguf) {
    throw Error(ErrorKind::InvalidArgument,
                "--dtype " + options.dtype + ": only GGUF files hold quantised weights",
                "name the output .gguf, or choose float16");
  }
  const bool folder = fs::is_directory(path_);
  if (format_ != CheckpointFormat::Diffusers && folder) {
    throw Error(ErrorKind::InvalidArgument, path + " is a folder, expected the name of a file");
  }
  if (format_ == CheckpointFormat::Diffusers && fs::exists(path_) &&
      !(folder && fs::is_empty(path_))) {
    throw Error(ErrorKind::InvalidArgument, path + " exists already",
                "give the name of a new or empty folder");
  }
  expect_folder_around(path_);
}

void CheckpointOutput::expect_other_than(const fs::path& source) const {
  std::error_code failure;
  if (!fs::equivalent(path_, source, failure)) return;
  throw Error(ErrorKind::InvalidArgument, path_.string() + " is the file to read from",
              "write to another name");
}

void CheckpointOutput::write(const Checkpoint& checkpoint,
                             const std::function<ModelConfig()>& family, const fs::path& source,
                             std::ostream& err) const {
  const TensorMap& tensors = checkpoint.tensors;
  if (storage_) expect_storable(tensors, *storage_);
  // Scales of quantised blocks are float16.
  if (!storage_ && !gguf_type_.empty()) expect_storable(tensors, at::kHalf);

  const Metadata metadata = checkpoint.format == CheckpointFormat::Gguf
                                ? portable(checkpoint.metadata)
                                : checkpoint.metadata;
  switch (format_) {
    case CheckpointFormat::Diffusers: {
      const ModelConfig config = family();
      const auto left = save_diffusers(path_, tensors, config, metadata, storage_,
                                       tokenizer_text_of(source, config));
      if (left.empty()) break;
      err << "note: a diffusers folder has no place for " << left.size() << " tensors, first "
          << left[0] << "\n";
      break;
    }
    case CheckpointFormat::Gguf:
      save_gguf(path_, tensors, gguf_type_, metadata);
      break;
    case CheckpointFormat::Safetensors:
    case CheckpointFormat::TorchZip:
    case CheckpointFormat::TorchLegacy:
      save_safetensors(path_, tensors, metadata, storage_);
      break;
  }
}

}  // namespace sfumato::cli
