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

namespace sfumato {
namespace {

TensorMap parse(std::string_view bytes, const std::string& name, std::shared_ptr<void> owner,
                Metadata* metadata) {
  auto header = parse_safetensors_header(bytes, name);
  TensorMap tensors;
  for (const auto& entry : header.entries) {
    const char* data = bytes.data() + header.data_begin + entry.begin;
    tensors[entry.name] = tensor_from_bytes(entry.info.dtype, entry.info.shape, data, owner);
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
  auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return parse(bytes, path.string(), std::move(file), metadata);
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
                      const Metadata& metadata) {
  // Large elements first, so that every tensor starts at a multiple of its element size.
  std::vector<TensorMap::const_iterator> order;
  for (auto it = tensors.begin(); it != tensors.end(); ++it) order.push_back(it);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a->second.element_size() > b->second.element_size();
  });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const auto& it : order) {
    const std::size_t end = offset + it->second.numel() * it->second.element_size();
    header[it->first] = {{"dtype", safetensors_dtype(it->second.scalar_type())},
                         {"shape", it->second.sizes().vec()},
                         {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');

  AtomicFile file(path);
  for (int i = 0; i < 8; ++i) file.stream().put(static_cast<char>(text.size() >> (8 * i) & 0xFF));
  file.stream() << text;
  for (const auto& it : order) {
    const at::Tensor tensor = it->second.detach().to(at::kCPU).contiguous();
    file.stream().write(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
  }
  file.commit();
}

}  // namespace sfumato
