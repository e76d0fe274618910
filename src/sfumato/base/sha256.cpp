#include "sfumato/base/sha256.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace sfumato {
namespace {

using Words = std::array<std::uint32_t, 8>;
constexpr std::size_t kShaBlock = 64;  // bytes

// The first 32 bits of the fractional part of the root of the first primes (FIPS 180-4, 4.2.2).
template <std::size_t N>
std::array<std::uint32_t, N> prime_roots(long double (*root)(long double)) {
  std::array<std::uint32_t, N> words{};
  std::size_t found = 0;
  for (int n = 2; found < N; ++n) {
    bool prime = true;
    for (int d = 2; d * d <= n; ++d) prime &= n % d != 0;
    if (!prime) continue;
    const long double value = root(static_cast<long double>(n));
    words[found++] = static_cast<std::uint32_t>((value - std::floor(value)) * 4294967296.0L);
  }
  return words;
}

void compress(Words& state, const unsigned char* block) {
  static const auto k = prime_roots<64>([](long double n) -> long double { return std::cbrt(n); });
  std::array<std::uint32_t, 64> w;
  for (std::size_t i = 0; i < 16; ++i) {
    w[i] = std::uint32_t{block[4 * i]} << 24 | std::uint32_t{block[4 * i + 1]} << 16 |
           std::uint32_t{block[4 * i + 2]} << 8 | block[4 * i + 3];
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const auto a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) + w[i - 7] +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto choose = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
    const auto t1 =
        h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + choose + k[i] + w[i];
    const auto t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + majority;
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const Words sum{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state[i] += sum[i];
}

}  // namespace

Sha256::Sha256()
    : state_(prime_roots<8>([](long double n) -> long double { return std::sqrt(n); })) {}

void Sha256::update(std::string_view bytes) {
  size_ += bytes.size();
  if (!pending_.empty()) {
    const auto piece = bytes.substr(0, kShaBlock - pending_.size());
    pending_ += piece;
    bytes.remove_prefix(piece.size());
    if (pending_.size() < kShaBlock) return;
    compress(state_, reinterpret_cast<const unsigned char*>(pending_.data()));
    pending_.clear();
  }
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t done = 0;
  for (; bytes.size() - done >= kShaBlock; done += kShaBlock) compress(state_, data + done);
  pending_ = bytes.substr(done);
}

std::string Sha256::hex() const {
  Words state = state_;
  std::string tail = pending_;
  tail += '\x80';
  while (tail.size() % kShaBlock != 56) tail += '\0';
  const std::uint64_t bits = size_ * 8;
  for (int shift = 56; shift >= 0; shift -= 8) tail += static_cast<char>(bits >> shift);
  for (std::size_t at = 0; at < tail.size(); at += kShaBlock) {
    compress(state, reinterpret_cast<const unsigned char*>(tail.data()) + at);
  }
  std::string hex;
  for (const auto word : state) {
    for (int shift = 28; shift >= 0; shift -= 4) hex += "0123456789abcdef"[word >> shift & 15];
  }
  return hex;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

}  // namespace sfumato
