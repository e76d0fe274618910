#include "sfumato/checkpoint/open_checkpoint.h"

#include <array>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/byte_reader.h"
#include "sfumato/checkpoint/diffusers_folder.h"
#include "sfumato/checkpoint/gguf.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/mapped_file.h"
#include "sfumato/checkpoint/safetensors_shards.h"
#include "sfumato/checkpoint/torch_file.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

// Where pickled training states keep the weights.
constexpr std::array<const char*, 3> kNests{"state_dict/", "params_ema/", "params/"};

enum class Content { Safetensors, Shards, TorchZip, TorchLegacy, Gguf, Unknown };

/// The length of the JSON comes first; it would be astronomical if anything else did.
bool is_safetensors(std::string_view bytes, const std::string& name) {
  if (bytes.size() < 9 || bytes[8] != '{') return false;
  return ByteReader(bytes, name).number<std::uint64_t>() <= bytes.size() - 8;
}

Content content_of(std::string_view bytes, const std::string& name) {
  if (is_gguf(bytes)) return Content::Gguf;
  if (is_torch_zip(bytes)) return Content::TorchZip;
  if (is_safetensors(bytes, name)) return Content::Safetensors;
  if (bytes.starts_with('{')) return Content::Shards;
  if (is_torch_legacy(bytes)) return Content::TorchLegacy;
  // A damaged one: its reader says best what is wrong.
  if (name.ends_with(".safetensors")) return Content::Safetensors;
  return Content::Unknown;
}

Error unknown_content(std::string_view bytes, const std::string& name) {
  const auto error = [&](const std::string& what, const std::string& hint) {
    return Error(ErrorKind::Corrupt, name + ": " + what, hint);
  };
  if (bytes.empty()) return error("the file is empty", "fetch it again");
  if (bytes.starts_with("version https://git-lfs")) {
    return error("this is a Git LFS pointer, not the file itself",
                 "fetch the file with 'git lfs pull'");
  }
  if (bytes.starts_with('<')) {
    return error("this is a web page, not a checkpoint",
                 "the download may need a login; fetch it again");
  }
  return error("neither a safetensors, nor a PyTorch, nor a GGUF file",
               "it is damaged, cut short or something else");
}

/// The weights alone where a training state surrounds them.
TensorMap unwrapped(TensorMap tensors) {
  for (const char* nest : kNests) {
    TensorMap inner = with_prefix_removed(tensors, nest);
    if (!inner.empty()) return inner;
  }
  return tensors;
}

Checkpoint open_single(const fs::path& path, at::ScalarType quantised = at::kFloat) {
  const std::string name = path.string();
  const auto mapped = MappedFile::open(path);
  Metadata metadata;
  switch (content_of(mapped->bytes(), name)) {
    case Content::Safetensors: {
      auto tensors = load_safetensors(path, &metadata);
      return {std::move(tensors), std::move(metadata), CheckpointFormat::Safetensors};
    }
    case Content::Gguf: {
      auto tensors = load_gguf(path, &metadata, quantised);
      return {std::move(tensors), std::move(metadata), CheckpointFormat::Gguf};
    }
    case Content::TorchZip:
    case Content::TorchLegacy: {
      TorchFile file = load_torch_file(path);
      return {unwrapped(std::move(file.tensors)), std::move(file.scalars),
              is_torch_zip(mapped->bytes()) ? CheckpointFormat::TorchZip
                                            : CheckpointFormat::TorchLegacy};
    }
    case Content::Shards:
      throw Error(ErrorKind::Corrupt, name + ": a text where a shard of tensors was expected");
    case Content::Unknown:
      break;
  }
  throw unknown_content(mapped->bytes(), name);
}

Checkpoint open_shards(const fs::path& path) {
  const ShardList shards = read_shard_list(path);
  Checkpoint all{{}, {}, CheckpointFormat::Safetensors};
  for (const auto& file : shards.files) {
    Checkpoint one = open_single(file);
    all.format = one.format;
    all.tensors.merge(one.tensors);
    all.metadata.merge(one.metadata);
  }
  expect_complete(shards, all.tensors, path);
  return all;
}

Checkpoint open_folder(const fs::path& folder) {
  if (!is_diffusers_folder(folder)) {
    throw Error(ErrorKind::NotFound, folder.string() + ": no model_index.json in this folder",
                "give a checkpoint file or a folder that diffusers saved");
  }
  Metadata metadata;
  auto tensors = load_diffusers_folder(folder, &metadata);
  return {std::move(tensors), std::move(metadata), CheckpointFormat::Diffusers};
}

}  // namespace

std::string_view format_name(CheckpointFormat format) {
  switch (format) {
    case CheckpointFormat::Safetensors:
      return "safetensors";
    case CheckpointFormat::TorchZip:
      return "pytorch";
    case CheckpointFormat::TorchLegacy:
      return "pytorch (before 1.6)";
    case CheckpointFormat::Gguf:
      return "gguf";
    case CheckpointFormat::Diffusers:
      return "diffusers";
  }
  return "";
}

Checkpoint open_checkpoint(const fs::path& path, at::ScalarType quantised) {
  std::error_code error;
  if (fs::is_directory(path, error)) return open_folder(path);
  const auto content = content_of(MappedFile::open(path)->bytes(), path.string());
  return content == Content::Shards ? open_shards(path) : open_single(path, quantised);
}

}  // namespace sfumato
