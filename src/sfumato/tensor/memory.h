#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace sfumato {

/// Bytes that this process can still take in the memory of a device. On the CPU the least of what
/// the system has, what its control group and its own limit leave, plus what the heap holds
/// unused. Nothing where that cannot be told.
std::optional<std::uint64_t> free_memory(at::Device device);

/// Gives what the heap holds unused back to the system: between stages of work that take memory of
/// different sizes.
void release_unused_memory();

/// Whether an exception of the system or of LibTorch says that memory ran out, on whichever device.
bool is_out_of_memory(const std::exception& error);

/// "1.5 GiB"
std::string in_gib(std::uint64_t bytes);

}  // namespace sfumato
