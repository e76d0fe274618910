#include "sfumato/tensor/random/seed_sequence.h"

#include <algorithm>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

// The hash whose multiplier moves on with every word.
class Hash {
 public:
  Hash(std::uint32_t start, std::uint32_t factor) : constant_(start), factor_(factor) {}
  std::uint32_t operator()(std::uint32_t word) {
    word ^= constant_;
    constant_ *= factor_;
    word *= constant_;
    return word ^ (word >> 16);
  }

 private:
  std::uint32_t constant_, factor_;
};

std::uint32_t mix(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t mixed = 0xca01f9ddu * a - 0x4973f715u * b;
  return mixed ^ (mixed >> 16);
}

void append_words(std::vector<std::uint32_t>& words, std::uint64_t number) {
  words.push_back(static_cast<std::uint32_t>(number));
  if (number >> 32) words.push_back(static_cast<std::uint32_t>(number >> 32));
}

}  // namespace

std::vector<std::uint32_t> seed_sequence(std::uint64_t entropy,
                                         std::span<const std::uint64_t> spawn_key, int pool_size,
                                         int count) {
  if (pool_size < 1 || count < 0) {
    throw Error(ErrorKind::InvalidArgument, "seed sequence: pool size and count must be positive");
  }
  const auto size = static_cast<std::size_t>(pool_size);
  std::vector<std::uint32_t> words;
  append_words(words, entropy);
  if (!spawn_key.empty()) words.resize(std::max(words.size(), size), 0);
  for (const std::uint64_t key : spawn_key) append_words(words, key);

  Hash hash(0x43b0d7e5u, 0x931e8875u);
  std::vector<std::uint32_t> pool(size);
  for (std::size_t i = 0; i < size; ++i) pool[i] = hash(i < words.size() ? words[i] : 0);
  for (std::size_t from = 0; from < size; ++from) {
    for (std::size_t to = 0; to < size; ++to) {
      if (from != to) pool[to] = mix(pool[to], hash(pool[from]));
    }
  }
  for (std::size_t from = size; from < words.size(); ++from) {
    for (std::uint32_t& to : pool) to = mix(to, hash(words[from]));
  }

  Hash out(0x8b51f9ddu, 0x58f38dedu);
  std::vector<std::uint32_t> state(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < state.size(); ++i) state[i] = out(pool[i % size]);
  return state;
}

}  // namespace sfumato
