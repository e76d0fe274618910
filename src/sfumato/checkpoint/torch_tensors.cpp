#include "sfumato/checkpoint/torch_tensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/dtypes.h"
#include "sfumato/checkpoint/torch_storage.h"

namespace sfumato {
namespace {

// Far above what training checkpoints have, far below what shared lists can be blown up to.
constexpr int kMaxDepthOfValues = 32;
constexpr std::size_t kMaxItems = 4'000'000, kMaxTensors = 200'000, kMaxPath = 4096;
constexpr std::size_t kMaxTorchDimensions = 64;
// Bytes of all paths together: a shared dictionary of long keys repeats them without end.
constexpr std::uint64_t kFreePaths = 16 << 20, kPathsPerByte = 64;

[[noreturn]] void corrupt_tensor(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::Corrupt, file + ": " + what, "take a .safetensors file of the same model");
}

bool is_sequence(const PickleValue& value) {
  return value.kind == PickleKind::Tuple || value.kind == PickleKind::List;
}

class Collector {
 public:
  Collector(const Pickle& pickle, const StorageReader& read, std::uint64_t file_size,
            const std::string& file)
      : pickle_(pickle), read_(read), file_size_(file_size), file_(file) {}

  TensorMap run() {
    for (const auto& node : pickle_.nodes) {  // also those that no tensor uses
      if (node.kind == PickleKind::Persistent) storage_of(pickle_, node, file_);
    }
    collect(pickle_.root, "", 0);
    return std::move(tensors_);
  }

 private:
  void collect(const PickleValue& value, const std::string& path, int depth) {
    const bool inner = is_sequence(value) || value.kind == PickleKind::Dict;
    if (!inner && value.kind != PickleKind::Call) return;
    expect_depth(depth);
    const PickleNode& node = pickle_[value];
    items_ += node.items.size();
    if (items_ > kMaxItems || tensors_.size() > kMaxTensors) {
      corrupt_tensor(file_, "it has too many items");
    }

    if (value.kind == PickleKind::Dict) {
      for (std::size_t i = 0; i < node.items.size(); i += 2) {
        const auto key = key_name(node.items[i]);
        if (key) collect(node.items[i + 1], joined(path, *key), depth + 1);
      }
    } else if (value.kind == PickleKind::Call) {
      if (const auto tensor = rebuild(node, depth)) {
        tensors_[path] = *tensor;
      } else if (const auto* parameters = parameters_of(node)) {
        collect(*parameters, path, depth + 1);
      }
    } else {
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        collect(node.items[i], joined(path, std::to_string(i)), depth + 1);
      }
    }
  }

  /// What a torch.nn.ParameterDict holds: old embeddings have one where others have a dictionary.
  const PickleValue* parameters_of(const PickleNode& call) const {
    if (call.items.size() < 3 || call.items[0].kind != PickleKind::Global) return nullptr;
    if (pickle_[call.items[0]].text != "torch.nn.modules.container" ||
        pickle_[call.items[0]].name != "ParameterDict") {
      return nullptr;
    }
    const auto& state = pickle_[call.items[2]].items;
    for (std::size_t i = 0; i + 1 < state.size(); i += 2) {
      const bool named = state[i].kind == PickleKind::Text;
      if (named && pickle_[state[i]].text == "_parameters") return &state[i + 1];
    }
    return nullptr;
  }

  void expect_depth(int depth) const {
    if (depth > kMaxDepthOfValues) {
      corrupt_tensor(file_, "its contents are nested more than " +
                                std::to_string(kMaxDepthOfValues) + " deep");
    }
  }

  std::optional<std::string> key_name(const PickleValue& key) const {
    if (key.kind == PickleKind::Text) return std::string(pickle_[key].text);
    if (key.kind == PickleKind::Global) return std::string(pickle_[key].name);
    if (key.kind == PickleKind::Int) return std::to_string(key.integer);
    return std::nullopt;
  }

  std::string joined(const std::string& path, const std::string& key) {
    if (path.size() + key.size() > kMaxPath) corrupt_tensor(file_, "a name in it is too long");
    spelled_ += path.size() + key.size();
    if (spelled_ > kFreePaths + kPathsPerByte * file_size_) {
      corrupt_tensor(file_, "the names in it are far longer than the file");
    }
    return path.empty() ? key : path + "/" + key;
  }

  /// Nothing when the call makes something else than a tensor.
  std::optional<at::Tensor> rebuild(const PickleNode& call, int depth) {
    return rebuild(call.items[0], call.items[1], depth);
  }

  std::optional<at::Tensor> rebuild(const PickleValue& function, const PickleValue& arguments,
                                    int depth) {
    expect_depth(depth);
    if (function.kind != PickleKind::Global || arguments.kind != PickleKind::Tuple) {
      return std::nullopt;
    }
    const std::string_view module = pickle_[function].text, name = pickle_[function].name;
    const auto& given = pickle_[arguments].items;
    const auto expect = [&](std::size_t count) {
      if (given.size() < count) corrupt_tensor(file_, "a tensor in it is described incompletely");
    };
    if (module == "torch._tensor" && name == "_rebuild_from_type_v2") {
      expect(3);  // function, class, arguments: a tensor with Python attributes
      return rebuild(given[0], given[2], depth + 1);
    }
    if (module != "torch._utils") return std::nullopt;
    if (name.starts_with("_rebuild_parameter")) {
      expect(1);
      if (given[0].kind != PickleKind::Call)
        corrupt_tensor(file_, "a parameter in it is no tensor");
      return rebuild(pickle_[given[0]], depth + 1);
    }
    if (name == "_rebuild_tensor" || name == "_rebuild_tensor_v2") {
      expect(4);
      return view(given, "");
    }
    if (name == "_rebuild_tensor_v3") {
      expect(7);
      return view(given, stated_dtype(pickle_, given[6], file_));
    }
    return std::nullopt;
  }

  // --- one tensor: storage, offset, sizes, strides ---

  at::Tensor view(const std::vector<PickleValue>& given, const std::string& dtype) {
    const at::Tensor flat = storage(given[0], dtype);
    const std::int64_t offset = whole(given[1]);
    const auto sizes = whole_numbers(given[2]), strides = whole_numbers(given[3]);
    if (sizes.size() != strides.size())
      corrupt_tensor(file_, "a tensor has more sizes than strides");

    std::int64_t count = 1, last = offset;
    bool empty = false, too_large = false;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] == 0) {
        empty = true;
        continue;
      }
      std::int64_t reach = 0;
      too_large |= __builtin_mul_overflow(count, sizes[i], &count);
      too_large |= __builtin_mul_overflow(sizes[i] - 1, strides[i], &reach);
      too_large |= __builtin_add_overflow(last, reach, &last);
    }
    if (too_large || offset > flat.numel() || (!empty && last >= flat.numel())) {
      corrupt_tensor(file_, "a tensor in it reaches beyond its storage of " +
                                std::to_string(flat.numel()) + " elements");
    }
    if (empty) return at::empty(sizes, flat.options());
    const auto limit = std::max<std::uint64_t>(file_size_, flat.nbytes());
    if (static_cast<std::uint64_t>(count) > limit / flat.element_size()) {
      corrupt_tensor(file_, "a tensor of " + std::to_string(count) +
                                " elements repeats a storage of " + std::to_string(flat.numel()));
    }
    return flat.as_strided(sizes, strides, offset);
  }

  /// `dtype` is that of an untyped storage.
  at::Tensor storage(const PickleValue& reference, const std::string& dtype) {
    if (reference.kind != PickleKind::Persistent) corrupt_tensor(file_, "a tensor has no storage");
    TorchStorage wanted = storage_of(pickle_, pickle_[reference], file_);
    if (wanted.untyped != !dtype.empty())
      corrupt_tensor(file_, "the type of a tensor is not stated once");
    if (wanted.untyped) {
      wanted.dtype = dtype;
      wanted.count /= *safetensors_element_size(dtype);
    }
    auto& flat = storages_[{wanted.key, wanted.dtype}];
    if (!flat.defined()) flat = read_(wanted.key, wanted.dtype, wanted.count);
    if (static_cast<std::uint64_t>(flat.numel()) != wanted.count) {
      corrupt_tensor(file_, "two tensors disagree about their common storage");
    }
    return flat;
  }

  std::int64_t whole(const PickleValue& value) const {
    if (value.kind != PickleKind::Int || value.integer < 0) {
      corrupt_tensor(file_, "a tensor in it has a size or a place that is no whole number");
    }
    return value.integer;
  }

  std::vector<std::int64_t> whole_numbers(PickleValue list) const {
    if (list.kind == PickleKind::Call) {  // torch.Size((2, 3))
      const auto& given = pickle_[pickle_[list].items[1]].items;
      if (!given.empty()) list = given[0];
    }
    if (!is_sequence(list) || pickle_[list].items.size() > kMaxTorchDimensions) {
      corrupt_tensor(file_, "the shape of a tensor is no list of at most 64 numbers");
    }
    std::vector<std::int64_t> numbers;
    for (const auto& item : pickle_[list].items) numbers.push_back(whole(item));
    return numbers;
  }

  const Pickle& pickle_;
  const StorageReader& read_;
  std::uint64_t file_size_;
  const std::string& file_;
  std::size_t items_ = 0;
  std::uint64_t spelled_ = 0;  ///< bytes of all paths
  std::map<std::pair<std::string, std::string>, at::Tensor> storages_;
  TensorMap tensors_;
};

std::optional<std::string> scalar_text(const Pickle& pickle, const PickleValue& value) {
  constexpr std::size_t kShort = 1000;
  switch (value.kind) {
    case PickleKind::Bool:
      return value.integer ? "true" : "false";
    case PickleKind::Int:
      return std::to_string(value.integer);
    case PickleKind::Float:
      return nlohmann::json(value.real).dump();
    case PickleKind::Text:
      if (pickle[value].text.size() <= kShort) return std::string(pickle[value].text);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

TensorMap pickled_tensors(const Pickle& pickle, const StorageReader& read, std::uint64_t file_size,
                          const std::string& file) {
  return Collector(pickle, read, file_size, file).run();
}

Metadata pickled_scalars(const Pickle& pickle) {
  Metadata scalars;
  if (pickle.root.kind != PickleKind::Dict) return scalars;
  const auto& items = pickle[pickle.root].items;
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (items[i].kind != PickleKind::Text) continue;
    if (const auto text = scalar_text(pickle, items[i + 1])) {
      scalars[std::string(pickle[items[i]].text)] = *text;
    }
  }
  return scalars;
}

}  // namespace sfumato
