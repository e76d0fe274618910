#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

enum class PickleKind : std::uint8_t {
  None,
  Bool,
  Int,
  Float,
  BigInt,  ///< more than 64 bits: its little-endian bytes
  Text,    ///< UTF-8
  Bytes,
  Tuple,
  List,  ///< sets as well
  Dict,
  Global,      ///< the name of a class or function, nothing more
  Call,        ///< the record that a Global was to be called: never done here
  Persistent,  ///< a reference to something outside of the pickle
};

/// One value. Numbers are held in it; everything else is a node, so that what the pickle shares is
/// shared and what contains itself does no harm.
struct PickleValue {
  PickleKind kind = PickleKind::None;
  std::uint32_t node = 0;    ///< index into Pickle::nodes
  std::int64_t integer = 0;  ///< Bool, Int
  double real = 0.0;         ///< Float
};

struct PickleNode {
  PickleKind kind;
  std::string_view text;    ///< Text, Bytes, BigInt; the module of a Global
  std::string_view name{};  ///< of a Global in its module
  /// Tuple, List: the items. Dict: key, value, key, value... Call: the Global, the Tuple of its
  /// arguments and, if it has any, the Dict of the object's attributes. Persistent: the id.
  std::vector<PickleValue> items{};
};

/// What a pickle describes, as plain data.
struct Pickle {
  std::vector<PickleNode> nodes;
  PickleValue root;
  std::uint64_t end = 0;  ///< the byte after the pickle

  const PickleNode& operator[](const PickleValue& value) const { return nodes[value.node]; }
};

/// Reads the pickle that begins at `begin`, protocols 2 to 5, and executes nothing: a class or
/// function is its name, a call of one is a record of it, and only calls that PyTorch's own files
/// make (rebuilding tensors, dictionaries, NumPy scalars and the like) or that create an object
/// without arguments are recorded at all. Any other throws Corrupt naming it, as do opcodes that
/// tensors do not need and whatever is malformed. Memory grows with the pickle's bytes, of which
/// at most two million operations are read. The texts are views of `bytes`; `name` is for
/// messages.
/// Source: the opcodes as the CPython library documents them (Lib/pickletools.py).
Pickle read_pickle(std::string_view bytes, std::uint64_t begin, const std::string& name);

}  // namespace sfumato
