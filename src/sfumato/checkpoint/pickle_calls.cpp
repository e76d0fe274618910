#include "sfumato/checkpoint/pickle_calls.h"

#include <array>

namespace sfumato {
namespace {

struct Callable {
  std::string_view module, name;
  PickleCall call = PickleCall::Record;
};

// Found in files that torch.save() wrote, training checkpoints included. None is ever called: the
// list decides which files are refused, since one that wants to call more was not made by it.
constexpr std::array kCallables{
    Callable{"collections", "OrderedDict", PickleCall::Mapping},
    Callable{"collections", "defaultdict", PickleCall::Mapping},
    Callable{"collections", "deque"},
    Callable{"torch._utils", "_rebuild_tensor"},
    Callable{"torch._utils", "_rebuild_tensor_v2"},
    Callable{"torch._utils", "_rebuild_tensor_v3"},
    Callable{"torch._utils", "_rebuild_parameter"},
    Callable{"torch._utils", "_rebuild_parameter_with_state"},
    Callable{"torch._tensor", "_rebuild_from_type_v2"},
    Callable{"torch", "Size"},
    Callable{"torch", "device"},
    Callable{"torch.serialization", "_get_layout"},
    Callable{"_codecs", "encode"},
    Callable{"builtins", "bytearray"},
    Callable{"builtins", "complex"},
    Callable{"builtins", "frozenset"},
    Callable{"builtins", "set"},
    Callable{"builtins", "slice"},
    Callable{"__builtin__", "bytearray"},
    Callable{"__builtin__", "complex"},
    Callable{"__builtin__", "frozenset"},
    Callable{"__builtin__", "set"},
    Callable{"__builtin__", "slice"},
    Callable{"copyreg", "_reconstructor"},
    Callable{"copy_reg", "_reconstructor"},
    Callable{"numpy", "dtype"},
    Callable{"numpy.core.multiarray", "_reconstruct"},
    Callable{"numpy.core.multiarray", "scalar"},
    Callable{"numpy._core.multiarray", "_reconstruct"},
    Callable{"numpy._core.multiarray", "scalar"},
    Callable{"pathlib", "PosixPath"},
    Callable{"pathlib", "WindowsPath"},
};

}  // namespace

std::optional<PickleCall> pickle_call(std::string_view module, std::string_view name) {
  for (const auto& known : kCallables) {
    if (known.module == module && known.name == name) return known.call;
  }
  return std::nullopt;
}

}  // namespace sfumato
