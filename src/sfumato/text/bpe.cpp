#include "sfumato/text/bpe.h"

#include <array>
#include <limits>

#include "sfumato/base/error.h"
#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

constexpr std::string_view kEndOfWord = "</w>";

bool prints_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  std::array<std::string, 256> printable;  // byte -> character
  std::array<int, 256> id;                 // byte -> id; the printable bytes come first
  std::array<unsigned char, 256> byte;     // id -> byte
};

const Alphabet& alphabet() {
  static const Alphabet table = [] {
    Alphabet result;
    int next = 0;
    for (const bool printing : {true, false}) {
      char32_t stand_in = 0x100;
      for (int byte = 0; byte < 256; ++byte) {
        if (prints_itself(byte) != printing) continue;
        const char32_t c = printing ? static_cast<char32_t>(byte) : stand_in++;
        const auto at = static_cast<std::size_t>(byte);
        result.printable[at] = to_utf8({&c, 1});
        result.id[at] = next;
        result.byte[static_cast<std::size_t>(next++)] = static_cast<unsigned char>(byte);
      }
    }
    return result;
  }();
  return table;
}

std::uint64_t pair_key(int left, int right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
}

}  // namespace

const std::string& printable_byte(std::uint8_t byte) { return alphabet().printable[byte]; }

std::span<const std::uint8_t> bytes_by_id() { return alphabet().byte; }

Merge parse_merge(std::string_view line, const std::string& name) {
  const auto space = line.find(' ');
  if (space == 0 || space == std::string_view::npos || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string_view::npos) {
    throw Error(ErrorKind::Corrupt, name + ": expected a merge of two symbols, found '" +
                                        std::string(line.substr(0, 40)) + "'");
  }
  return {std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
}

Bpe::Bpe(std::span<const Merge> merges) {
  std::unordered_map<std::string, int> id_of;
  for (const bool end : {false, true}) {
    for (int id = 0; id < 256; ++id) {
      const unsigned char byte = alphabet().byte[static_cast<std::size_t>(id)];
      id_of[printable_byte(byte) + std::string(end ? kEndOfWord : "")] = size();
      bytes_.push_back(std::string(1, static_cast<char>(byte)) + (end ? " " : ""));
    }
  }
  // Two merges may spell the same symbol; the later id is the one in use, as in the original.
  std::vector<std::pair<int, int>> parts;
  for (const auto& merge : merges) {
    const auto left = id_of.find(merge.left), right = id_of.find(merge.right);
    if (left == id_of.end() || right == id_of.end() || merge.left.ends_with(kEndOfWord)) {
      throw Error(ErrorKind::Corrupt, "merge '" + merge.left + " " + merge.right +
                                          "' joins a symbol that no earlier merge makes");
    }
    std::string bytes = bytes_of(left->second) + bytes_of(right->second);
    id_of[merge.left + merge.right] = size();
    bytes_.push_back(std::move(bytes));
  }
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    merged_[pair_key(id_of[left], id_of[right])] = {static_cast<int>(rank), id_of[left + right]};
  }
}

std::vector<int> Bpe::encode_word(std::string_view word) const {
  std::vector<int> ids;
  for (const char c : word) ids.push_back(alphabet().id[static_cast<unsigned char>(c)]);
  if (ids.empty()) return ids;
  ids.back() += 256;

  for (;;) {
    Joined best{std::numeric_limits<int>::max(), 0};
    std::uint64_t best_pair = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = merged_.find(pair_key(ids[i], ids[i + 1]));
      if (found != merged_.end() && found->second.rank < best.rank) {
        best = found->second;
        best_pair = found->first;
      }
    }
    if (best.rank == std::numeric_limits<int>::max()) return ids;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool joins = i + 1 < ids.size() && pair_key(ids[i], ids[i + 1]) == best_pair;
      ids[kept++] = joins ? best.id : ids[i];
      i += joins;
    }
    ids.resize(kept);
  }
}

}  // namespace sfumato
