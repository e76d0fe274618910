#include "sfumato/checkpoint/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>

#include "sfumato/checkpoint/byte_reader.h"
#include "sfumato/checkpoint/pickle_calls.h"
#include "sfumato/checkpoint/utf8.h"

namespace sfumato {
namespace {

// A checkpoint of SDXL with its optimizer has a few hundred thousand.
constexpr std::uint64_t kMaxOperations = 2'000'000;
constexpr int kMaxProtocol = 5;

using Values = std::vector<PickleValue>;

/// The stack machine that a pickle is a program for.
class Machine {
 public:
  Machine(std::string_view bytes, std::uint64_t begin, const std::string& name)
      : in_(bytes, name, begin), name_(name) {}

  Pickle run() {
    for (;;) {
      spend(1);
      const auto code = in_.number<std::uint8_t>();
      if (code == '.') break;
      execute(code);
    }
    pickle_.root = pop();
    pickle_.end = in_.position();
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void corrupt(const std::string& what) const {
    throw Error(ErrorKind::Corrupt, name_ + ": not a pickle of tensors: " + what,
                "take a .safetensors file of the same model");
  }

  /// Whatever takes time or memory counts, so that few bytes cannot ask for much of either.
  void spend(std::uint64_t operations) {
    if (operations > kMaxOperations - spent_) {
      corrupt("it needs more than " + std::to_string(kMaxOperations) + " operations");
    }
    spent_ += operations;
  }

  // --- stack ---

  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  PickleValue& top() {
    if (stack_.size() <= floor()) corrupt("it takes a value that is not there");
    return stack_.back();
  }

  PickleValue pop() {
    const PickleValue value = top();
    stack_.pop_back();
    return value;
  }

  Values pop_to_mark() {
    if (marks_.empty()) corrupt("it goes back to a mark that is not there");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    Values values(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return values;
  }

  Values pop_last(std::size_t count) {
    Values values(count);
    for (std::size_t i = count; i-- > 0;) values[i] = pop();
    return values;
  }

  PickleNode& node(const PickleValue& value) { return pickle_.nodes[value.node]; }

  void push(PickleValue value) { stack_.push_back(value); }
  void push_number(PickleKind kind, std::int64_t value) { push({.kind = kind, .integer = value}); }
  void push_node(PickleNode made) {
    push({.kind = made.kind, .node = static_cast<std::uint32_t>(pickle_.nodes.size())});
    pickle_.nodes.push_back(std::move(made));
  }
  void push_items(PickleKind kind, Values items) {
    push_node({.kind = kind, .text = {}, .items = std::move(items)});
  }

  // --- texts and numbers ---

  std::string_view checked(std::string_view text) const {
    if (!is_utf8(text)) corrupt("one of its texts is not UTF-8");
    return text;
  }

  void push_text(std::uint64_t length) {
    push_node({.kind = PickleKind::Text, .text = checked(in_.take(length))});
  }

  void push_bytes(std::uint64_t length) {
    push_node({.kind = PickleKind::Bytes, .text = in_.take(length)});
  }

  /// Python 2 does not tell text from bytes.
  void push_old_string(std::uint64_t length) {
    const std::string_view text = in_.take(length);
    push_node({.kind = is_utf8(text) ? PickleKind::Text : PickleKind::Bytes, .text = text});
  }

  void push_long(std::uint64_t length) {
    const std::string_view bytes = in_.take(length);
    if (length > sizeof(std::int64_t)) {
      return push_node({.kind = PickleKind::BigInt, .text = bytes});
    }
    const bool negative = !bytes.empty() && (bytes.back() & 0x80);
    std::int64_t value = negative ? -1 : 0;  // two's complement: the sign fills the rest
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&value));
    push_number(PickleKind::Int, value);
  }

  void push_double() {
    auto bits = in_.number<std::array<char, 8>>();
    std::reverse(bits.begin(), bits.end());  // the one big-endian number of the format
    push({.kind = PickleKind::Float, .real = std::bit_cast<double>(bits)});
  }

  std::uint64_t signed_length() {
    const auto length = in_.number<std::int32_t>();
    if (length < 0) corrupt("it has a value of " + std::to_string(length) + " bytes");
    return static_cast<std::uint64_t>(length);
  }

  std::string_view line() {
    constexpr std::uint64_t kLongest = 1000;
    ByteReader ahead = in_;
    const std::string_view rest = ahead.take(std::min(kLongest, ahead.remaining()));
    const auto end = rest.find('\n');
    if (end == rest.npos) corrupt("the name of a class does not end");
    in_.take(end + 1);
    return checked(rest.substr(0, end));
  }

  // --- memory ---

  void remember(std::uint32_t index) { memo_.insert_or_assign(index, top()); }

  void recall(std::uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) corrupt("it recalls what it never stored");
    push(found->second);
  }

  // --- containers ---

  void append(const Values& values) {
    const PickleValue list = top();
    if (list.kind == PickleKind::Call) return;  // an object that stays closed
    if (list.kind != PickleKind::List) corrupt("it appends to what is no list");
    auto& items = node(list).items;
    items.insert(items.end(), values.begin(), values.end());
  }

  void set_items(const Values& pairs) {
    if (pairs.size() % 2 != 0) corrupt("it gives a key without a value");
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      const PickleKind key = pairs[i].kind;
      if (key == PickleKind::List || key == PickleKind::Dict) corrupt("a key is a list");
    }
    const PickleValue dict = top();
    if (dict.kind == PickleKind::Call) return;
    if (dict.kind != PickleKind::Dict) corrupt("it sets an item of what is no dictionary");
    auto& items = node(dict).items;
    items.insert(items.end(), pairs.begin(), pairs.end());
  }

  // --- objects ---

  [[noreturn]] void refuse_call(const PickleNode& callee) const {
    const std::string called =
        callee.kind == PickleKind::Global
            ? "'" + printable(callee.text) + "." + printable(callee.name) + "'"
            : "something without a name";
    corrupt("it wants to call " + called + ", which was not done");
  }

  /// `creates`: the callee is a class and all that happens is a new object of it.
  void call(const PickleValue& callee, const PickleValue& arguments, bool creates) {
    if (callee.kind != PickleKind::Global) refuse_call({.kind = callee.kind, .text = {}});
    if (arguments.kind != PickleKind::Tuple) corrupt("the arguments of a call are no tuple");
    const auto known = pickle_call(node(callee).text, node(callee).name);
    if (!known && !(creates && node(arguments).items.empty())) refuse_call(node(callee));
    if (known == PickleCall::Mapping) {
      return push_items(PickleKind::Dict, initial_items(node(arguments)));
    }
    push_items(PickleKind::Call, {callee, arguments});
  }

  /// Python 2 gives an ordered dictionary its items as a list of pairs.
  Values initial_items(const PickleNode& arguments) {
    Values items;
    if (arguments.items.empty() || arguments.items[0].kind != PickleKind::List) return items;
    const Values& pairs = node(arguments.items[0]).items;
    spend(pairs.size());
    for (const auto& pair : pairs) {
      const bool sequence = pair.kind == PickleKind::List || pair.kind == PickleKind::Tuple;
      if (!sequence || node(pair).items.size() != 2) corrupt("a dictionary has no pairs");
      items.insert(items.end(), node(pair).items.begin(), node(pair).items.end());
    }
    return items;
  }

  /// The attributes of a dictionary are dropped; those of an object stay beside its record.
  void set_state() {
    const PickleValue state = pop();
    const PickleValue target = top();
    if (target.kind == PickleKind::Call) {
      auto& record = node(target).items;
      if (record.size() == 2 && state.kind == PickleKind::Dict) record.push_back(state);
      return;
    }
    if (target.kind != PickleKind::Dict || state.kind != PickleKind::Dict) {
      corrupt("it sets the state of what has none");
    }
    const auto& items = node(state).items;
    spend(items.size());
    for (std::size_t i = 0; i < items.size(); i += 2) {
      if (items[i].kind == PickleKind::Text && node(items[i]).text.starts_with("__")) {
        corrupt("it sets the attribute '" + printable(node(items[i]).text) + "'");
      }
    }
  }

  void push_global(const PickleValue& module, const PickleValue& name) {
    if (module.kind != PickleKind::Text || name.kind != PickleKind::Text) {
      corrupt("the name of a class is no text");
    }
    push_node({.kind = PickleKind::Global, .text = node(module).text, .name = node(name).text});
  }

  void execute(std::uint8_t code);

  ByteReader in_;
  const std::string& name_;
  std::uint64_t spent_ = 0;
  Values stack_;
  std::vector<std::size_t> marks_;  ///< heights of the stack
  std::map<std::uint32_t, PickleValue> memo_;
  Pickle pickle_;
};

void Machine::execute(std::uint8_t code) {
  switch (code) {
    case 0x80:  // PROTO
      if (in_.number<std::uint8_t>() > kMaxProtocol) corrupt("its protocol is unknown");
      return;
    case 0x95: {  // FRAME
      const auto length = in_.number<std::uint64_t>();
      if (length > in_.remaining()) corrupt("it is cut short");
      return;
    }
    case '(':
      return marks_.push_back(stack_.size());
    case '0':  // POP
      if (!marks_.empty() && stack_.size() == floor()) return marks_.pop_back();
      pop();
      return;
    case '1':  // POP_MARK
      pop_to_mark();
      return;
    case '2':  // DUP
      return push(PickleValue(top()));

    case 'N':
      return push({});
    case 0x88:  // NEWTRUE
      return push_number(PickleKind::Bool, 1);
    case 0x89:  // NEWFALSE
      return push_number(PickleKind::Bool, 0);
    case 'J':  // BININT
      return push_number(PickleKind::Int, in_.number<std::int32_t>());
    case 'K':  // BININT1
      return push_number(PickleKind::Int, in_.number<std::uint8_t>());
    case 'M':  // BININT2
      return push_number(PickleKind::Int, in_.number<std::uint16_t>());
    case 0x8A:  // LONG1
      return push_long(in_.number<std::uint8_t>());
    case 0x8B:  // LONG4
      return push_long(signed_length());
    case 'G':  // BINFLOAT
      return push_double();

    case 'X':  // BINUNICODE
      return push_text(in_.number<std::uint32_t>());
    case 0x8C:  // SHORT_BINUNICODE
      return push_text(in_.number<std::uint8_t>());
    case 0x8D:  // BINUNICODE8
      return push_text(in_.number<std::uint64_t>());
    case 'T':  // BINSTRING
      return push_old_string(signed_length());
    case 'U':  // SHORT_BINSTRING
      return push_old_string(in_.number<std::uint8_t>());
    case 'B':  // BINBYTES
      return push_bytes(in_.number<std::uint32_t>());
    case 'C':  // SHORT_BINBYTES
      return push_bytes(in_.number<std::uint8_t>());
    case 0x8E:  // BINBYTES8
    case 0x96:  // BYTEARRAY8
      return push_bytes(in_.number<std::uint64_t>());

    case ')':  // EMPTY_TUPLE
      return push_items(PickleKind::Tuple, {});
    case 't':   // TUPLE
    case 0x91:  // FROZENSET
      return push_items(PickleKind::Tuple, pop_to_mark());
    case 0x85:  // TUPLE1, TUPLE2, TUPLE3
    case 0x86:
    case 0x87:
      return push_items(PickleKind::Tuple, pop_last(code - 0x84u));
    case ']':   // EMPTY_LIST
    case 0x8F:  // EMPTY_SET
      return push_items(PickleKind::List, {});
    case 'a':  // APPEND
      return append(pop_last(1));
    case 'e':   // APPENDS
    case 0x90:  // ADDITEMS
      return append(pop_to_mark());
    case '}':  // EMPTY_DICT
      return push_items(PickleKind::Dict, {});
    case 's':  // SETITEM
      return set_items(pop_last(2));
    case 'u':  // SETITEMS
      return set_items(pop_to_mark());

    case 'q':  // BINPUT
      return remember(in_.number<std::uint8_t>());
    case 'r':  // LONG_BINPUT
      return remember(in_.number<std::uint32_t>());
    case 0x94:  // MEMOIZE
      return remember(static_cast<std::uint32_t>(memo_.size()));
    case 'h':  // BINGET
      return recall(in_.number<std::uint8_t>());
    case 'j':  // LONG_BINGET
      return recall(in_.number<std::uint32_t>());

    case 'c': {  // GLOBAL
      const std::string_view module = line();
      return push_node({.kind = PickleKind::Global, .text = module, .name = line()});
    }
    case 0x93: {  // STACK_GLOBAL
      const Values names = pop_last(2);
      return push_global(names[0], names[1]);
    }
    case 'R':     // REDUCE
    case 0x81: {  // NEWOBJ
      const Values parts = pop_last(2);
      return call(parts[0], parts[1], code == 0x81);
    }
    case 'b':  // BUILD
      return set_state();
    case 'Q':  // BINPERSID
      return push_items(PickleKind::Persistent, pop_last(1));
    default: {
      constexpr const char* kDigits = "0123456789ABCDEF";
      corrupt(std::string("it has the operation 0x") + kDigits[code >> 4] + kDigits[code & 15] +
              ", which tensors do not need");
    }
  }
}

}  // namespace

Pickle read_pickle(std::string_view bytes, std::uint64_t begin, const std::string& name) {
  return Machine(bytes, begin, name).run();
}

}  // namespace sfumato
