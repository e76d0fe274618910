#include "sfumato/checkpoint/torch_storage.h"

#include <array>
#include <string_view>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/utf8.h"

namespace sfumato {
namespace {

struct TorchName {
  std::string_view torch, dtype;
};

constexpr std::array kStorages{
    TorchName{"FloatStorage", "F32"},        TorchName{"HalfStorage", "F16"},
    TorchName{"BFloat16Storage", "BF16"},    TorchName{"DoubleStorage", "F64"},
    TorchName{"LongStorage", "I64"},         TorchName{"IntStorage", "I32"},
    TorchName{"ShortStorage", "I16"},        TorchName{"CharStorage", "I8"},
    TorchName{"ByteStorage", "U8"},          TorchName{"BoolStorage", "BOOL"},
    TorchName{"ComplexFloatStorage", "C64"},
};

// Types without a storage class of their own (torch.storage._new_dtypes, PyTorch 2.3).
constexpr std::array kStorageDtypes{
    TorchName{"float8_e4m3fn", "F8_E4M3"},
    TorchName{"float8_e5m2", "F8_E5M2"},
    TorchName{"uint16", "U16"},
    TorchName{"uint32", "U32"},
    TorchName{"uint64", "U64"},
};

template <std::size_t N>
std::string dtype_named(const std::array<TorchName, N>& table, std::string_view name) {
  for (const auto& row : table) {
    if (row.torch == name) return std::string(row.dtype);
  }
  return "";
}

}  // namespace

TorchStorage storage_of(const Pickle& pickle, const PickleNode& persistent,
                        const std::string& file) {
  const PickleValue& id = persistent.items[0];
  const auto fields = id.kind == PickleKind::Tuple ? pickle[id].items : std::vector<PickleValue>();
  // 'storage', class, key, device, element count and, in old files, the part of a larger storage.
  const bool complete = fields.size() >= 5 && fields[0].kind == PickleKind::Text &&
                        pickle[fields[0]].text == "storage" &&
                        fields[1].kind == PickleKind::Global &&
                        fields[2].kind == PickleKind::Text && fields[4].kind == PickleKind::Int;
  if (!complete || fields[4].integer < 0) {
    throw Error(ErrorKind::Corrupt, file + ": a reference in it is not to a storage of numbers",
                "take a .safetensors file of the same model");
  }
  if (fields.size() > 5 && fields[5].kind != PickleKind::None) {
    throw Error(ErrorKind::Unsupported, file + ": it has a storage that is a part of another one",
                "load and save it again with PyTorch 1.0 or later");
  }
  TorchStorage storage{.key = std::string(pickle[fields[2]].text),
                       .dtype = "",
                       .untyped = false,
                       .count = static_cast<std::uint64_t>(fields[4].integer)};
  const PickleNode& type = pickle[fields[1]];
  if (type.text == "torch.storage" && type.name == "UntypedStorage") {
    storage.untyped = true;
    storage.dtype = "U8";
  } else if (type.text == "torch" || type.text == "torch.cuda") {
    storage.dtype = dtype_named(kStorages, type.name);
  }
  if (storage.dtype.empty()) {
    throw Error(ErrorKind::Unsupported, file + ": unknown kind of storage '" +
                                            printable(type.text) + "." + printable(type.name) +
                                            "'");
  }
  return storage;
}

std::string stated_dtype(const Pickle& pickle, const PickleValue& value, const std::string& file) {
  const bool named = value.kind == PickleKind::Global && pickle[value].text == "torch";
  const std::string dtype = named ? dtype_named(kStorageDtypes, pickle[value].name) : "";
  if (!dtype.empty()) return dtype;
  throw Error(ErrorKind::Unsupported, file + ": unknown tensor type '" +
                                          (named ? printable(pickle[value].name) : "") + "'");
}

}  // namespace sfumato
