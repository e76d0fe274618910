#include "sfumato/checkpoint/torch_file.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/byte_reader.h"
#include "sfumato/checkpoint/dtypes.h"
#include "sfumato/checkpoint/mapped_file.h"
#include "sfumato/checkpoint/pickle.h"
#include "sfumato/checkpoint/torch_storage.h"
#include "sfumato/checkpoint/torch_tensors.h"
#include "sfumato/checkpoint/utf8.h"
#include "sfumato/checkpoint/zip_archive.h"

namespace sfumato {
namespace {

// torch.serialization.MAGIC_NUMBER, little-endian, and PROTOCOL_VERSION.
constexpr std::string_view kMagic("\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19", 10);
constexpr std::int64_t kLegacyVersion = 1001;

[[noreturn]] void corrupt_torch_file(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::Corrupt, file + ": " + what,
              "the file is damaged or cut short; fetch it again");
}

[[noreturn]] void refuse_big_endian(const std::string& file) {
  throw Error(ErrorKind::Unsupported, file + ": its numbers are big-endian",
              "load and save it on a little-endian machine");
}

/// Bytes of `count` elements, or nothing when that is no number of bytes.
std::optional<std::uint64_t> bytes_of(const std::string& dtype, std::uint64_t count) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, *safetensors_element_size(dtype), &bytes)) return std::nullopt;
  if (bytes > std::uint64_t(INT64_MAX)) return std::nullopt;
  return bytes;
}

// --- zip ---

/// The one folder of the archive, "archive/" as a rule: the one that holds data.pkl.
std::string root_folder(const ZipIndex& index, const std::string& file) {
  constexpr std::string_view kProgram = "data.pkl";
  std::string root;
  for (const auto& [name, entry] : index) {
    const auto slash = name.find('/');
    if (slash == name.npos || name.substr(slash + 1) != kProgram) continue;
    if (!root.empty()) corrupt_torch_file(file, "it has two root folders");
    root = name.substr(0, slash + 1);
  }
  if (root.empty())
    corrupt_torch_file(file, "it is a zip archive without data.pkl, not a PyTorch file");
  return root;
}

TorchFile load_zip(const std::shared_ptr<MappedFile>& mapped, const std::string& file) {
  const std::string_view archive = mapped->bytes();
  const ZipIndex index = read_zip_index(archive, file);
  const std::string root = root_folder(index, file);
  const auto unpack = [&](const ZipEntry& entry, const std::string& name) {
    return read_zip_entry(archive, entry, file + " (" + printable(name) + ")");
  };

  if (const auto order = index.find(root + "byteorder"); order != index.end()) {
    if (unpack(order->second, "byteorder").bytes != "little") refuse_big_endian(file);
  }
  const ZipData program = unpack(index.at(root + "data.pkl"), "data.pkl");
  const Pickle pickle = read_pickle(program.bytes, 0, file);

  const StorageReader read = [&](const std::string& key, const std::string& dtype,
                                 std::uint64_t count) {
    const auto found = index.find(root + "data/" + key);
    if (found == index.end())
      corrupt_torch_file(file, "it has no storage '" + printable(key) + "'");
    if (bytes_of(dtype, count) != found->second.size) {
      corrupt_torch_file(
          file, "the storage '" + printable(key) + "' has " + std::to_string(found->second.size) +
                    " bytes, its tensors need " + std::to_string(count) + " elements of " + dtype);
    }
    const ZipData data = unpack(found->second, key);
    if (!data.owner) mapped->forget(data.bytes);  // read for its checksum
    const std::shared_ptr<void> owner = data.owner ? data.owner : mapped->hold(data.bytes);
    return tensor_from_bytes(dtype, {static_cast<std::int64_t>(count)}, data.bytes.data(), owner);
  };
  return {pickled_tensors(pickle, read, archive.size(), file), pickled_scalars(pickle)};
}

// --- legacy: five pickles (magic number, version, machine, contents, keys), then the storages ---

bool states_little_endian(const Pickle& machine) {
  if (machine.root.kind != PickleKind::Dict) return false;
  const auto& items = machine[machine.root].items;
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (items[i].kind == PickleKind::Text && machine[items[i]].text == "little_endian") {
      return items[i + 1].kind == PickleKind::Bool && items[i + 1].integer == 1;
    }
  }
  return false;
}

struct Extent {
  std::uint64_t begin, bytes;
};

/// Where each storage lies. Their sizes in bytes follow from the types that the pickle states.
std::map<std::string, Extent> find_storages(std::string_view bytes, const Pickle& contents,
                                            const Pickle& keys, const std::string& file) {
  std::map<std::string, TorchStorage> stated;
  for (const auto& node : contents.nodes) {
    if (node.kind != PickleKind::Persistent) continue;
    const TorchStorage storage = storage_of(contents, node, file);
    stated.emplace(storage.key, storage);
  }
  if (keys.root.kind != PickleKind::List) corrupt_torch_file(file, "it has no list of storages");

  std::map<std::string, Extent> extents;
  ByteReader in(bytes, file, keys.end);
  for (const auto& item : keys[keys.root].items) {
    const auto found =
        item.kind == PickleKind::Text ? stated.find(std::string(keys[item].text)) : stated.end();
    if (found == stated.end()) corrupt_torch_file(file, "it lists a storage that no tensor uses");
    const auto& [key, storage] = *found;
    const auto count = in.number<std::uint64_t>();
    const auto size = bytes_of(storage.dtype, count);
    if (count != storage.count || !size) {
      corrupt_torch_file(file, "the storage '" + printable(key) + "' has " + std::to_string(count) +
                                   " elements, its tensors need " + std::to_string(storage.count));
    }
    if (!extents.emplace(key, Extent{in.position(), *size}).second) {
      corrupt_torch_file(file, "it lists the storage '" + printable(key) + "' twice");
    }
    in.take(*size);
  }
  return extents;
}

TorchFile load_legacy(const std::shared_ptr<MappedFile>& mapped, const std::string& file) {
  const std::string_view bytes = mapped->bytes();
  const Pickle magic = read_pickle(bytes, 0, file);
  if (magic.root.kind != PickleKind::BigInt || magic[magic.root].text != kMagic) {
    corrupt_torch_file(file, "it does not begin with PyTorch's magic number");
  }
  const Pickle version = read_pickle(bytes, magic.end, file);
  if (version.root.kind != PickleKind::Int || version.root.integer != kLegacyVersion) {
    corrupt_torch_file(file, "the version of its format is unknown");
  }
  const Pickle machine = read_pickle(bytes, version.end, file);
  if (!states_little_endian(machine)) refuse_big_endian(file);
  const Pickle contents = read_pickle(bytes, machine.end, file);
  const Pickle keys = read_pickle(bytes, contents.end, file);
  const auto extents = find_storages(bytes, contents, keys, file);

  const StorageReader read = [&](const std::string& key, const std::string& dtype,
                                 std::uint64_t count) {
    const auto found = extents.find(key);
    if (found == extents.end())
      corrupt_torch_file(file, "it has no storage '" + printable(key) + "'");
    if (bytes_of(dtype, count) != found->second.bytes) {
      corrupt_torch_file(file, "tensors disagree about the storage '" + printable(key) + "'");
    }
    const auto own = bytes.substr(found->second.begin, found->second.bytes);
    return tensor_from_bytes(dtype, {static_cast<std::int64_t>(count)}, own.data(),
                             mapped->hold(own));
  };
  return {pickled_tensors(contents, read, bytes.size(), file), pickled_scalars(contents)};
}

}  // namespace

bool is_torch_zip(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");
}

bool is_torch_legacy(std::string_view bytes) { return bytes.starts_with('\x80'); }

TorchFile load_torch_file(const std::filesystem::path& path) {
  const auto mapped = MappedFile::open(path);
  if (is_torch_zip(mapped->bytes())) return load_zip(mapped, path.string());
  if (is_torch_legacy(mapped->bytes())) return load_legacy(mapped, path.string());
  corrupt_torch_file(path.string(), "not a file of PyTorch");
}

}  // namespace sfumato
