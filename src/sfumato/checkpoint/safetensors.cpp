#include "sfumato/checkpoint/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/dtypes.h"
#include "sfumato/checkpoint/mapped_file.h"
#include "sfumato/checkpoint/safetensors_header.h"
#include "sfumato/checkpoint/safetensors_shards.h"
#include "sfumato/checkpoint/storage_type.h"

namespace sfumato {
namespace {

// `file` is null for bytes that live as long as the program.
TensorMap parse(std::string_view bytes, const std::string& name,
                const std::shared_ptr<MappedFile>& file, Metadata* metadata) {
  auto header = parse_safetensors_header(bytes, name);
  TensorMap tensors;
  for (const auto& entry : header.entries) {
    const auto own = bytes.substr(header.data_begin + entry.begin, entry.end - entry.begin);
    tensors[entry.name] = tensor_from_bytes(entry.info.dtype, entry.info.shape, own.data(),
                                            file ? file->hold(own) : nullptr);
  }
  if (metadata) *metadata = std::move(header.metadata);
  return tensors;
}

SafetensorsIndex read_one_index(const std::filesystem::path& path) {
  auto header = parse_safetensors_header(MappedFile::open(path)->bytes(), path.string());
  SafetensorsIndex index{{}, std::move(header.metadata)};
  for (auto& entry : header.entries) index.tensors[entry.name] = std::move(entry.info);
  return index;
}

TensorMap load_one(const std::filesystem::path& path, Metadata* metadata) {
  const auto file = MappedFile::open(path);
  return parse(file->bytes(), path.string(), file, metadata);
}

}  // namespace

SafetensorsIndex read_safetensors_index(const std::filesystem::path& path) {
  if (!is_shard_list(path)) return read_one_index(path);
  const ShardList shards = read_shard_list(path);
  SafetensorsIndex all;
  for (const auto& shard : shards.files) {
    auto one = read_one_index(shard);
    all.tensors.merge(one.tensors);
    all.metadata.merge(one.metadata);
  }
  expect_complete(shards, all.tensors, path);
  return all;
}

TensorMap load_safetensors(const std::filesystem::path& path, Metadata* metadata) {
  if (!is_shard_list(path)) return load_one(path, metadata);
  const ShardList shards = read_shard_list(path);
  TensorMap all;
  for (const auto& shard : shards.files) {
    Metadata own;
    auto one = load_one(shard, &own);
    all.merge(one);
    if (metadata) metadata->merge(own);
  }
  expect_complete(shards, all, path);
  return all;
}

TensorMap parse_safetensors(std::string_view bytes, const std::string& name, Metadata* metadata) {
  return parse(bytes, name, nullptr, metadata);
}

void save_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                      const Metadata& metadata, std::optional<at::ScalarType> storage) {
  struct Row {
    const std::string& name;
    const at::Tensor& tensor;
    at::ScalarType type;
    std::size_t element;
  };
  // Large elements first, so that every tensor starts at a multiple of its element size.
  std::vector<const Row*> order;
  std::vector<Row> rows;
  for (const auto& [name, tensor] : tensors) {
    const at::ScalarType type = stored_type(tensor, storage);
    rows.push_back({name, tensor, type, c10::elementSize(type)});
  }
  for (const auto& row : rows) order.push_back(&row);
  std::stable_sort(order.begin(), order.end(),
                   [](const Row* a, const Row* b) { return a->element > b->element; });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const Row* row : order) {
    const std::size_t end = offset + row->tensor.numel() * row->element;
    header[row->name] = {{"dtype", safetensors_dtype(row->type)},
                         {"shape", row->tensor.sizes().vec()},
                         {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');

  AtomicFile file(path);
  for (int i = 0; i < 8; ++i) file.stream().put(static_cast<char>(text.size() >> (8 * i) & 0xFF));
  file.stream() << text;
  for (const Row* row : order) {
    const at::Tensor tensor = row->tensor.detach().to(at::kCPU).to(row->type).contiguous();
    file.stream().write(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
  }
  file.commit();
}

}  // namespace sfumato
