#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sfumato {

/// Turns one seed and a path of child numbers into well mixed 32-bit words: O'Neill's seed_seq_fe
/// as NumPy's SeedSequence(entropy, spawn_key, pool_size).generate_state(count) computes it.
std::vector<std::uint32_t> seed_sequence(std::uint64_t entropy,
                                         std::span<const std::uint64_t> spawn_key, int pool_size,
                                         int count);

}  // namespace sfumato
