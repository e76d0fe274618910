#include "sfumato/tensor/memory.h"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

TEST(Memory, TellsHowMuchIsFree) {
  const auto free = free_memory(at::kCPU);
  ASSERT_TRUE(free);
  EXPECT_GT(*free, 1u << 20);
  EXPECT_LT(*free, std::uint64_t(1) << 50);
}

TEST(Memory, KnowsItsEndUnderEveryName) {
  EXPECT_TRUE(is_out_of_memory(std::bad_alloc()));
  EXPECT_TRUE(is_out_of_memory(std::runtime_error("CUDA out of memory. Tried to allocate 2 GiB")));
  try {
    TORCH_CHECK(false, "DefaultCPUAllocator: can't allocate memory: you tried 1 bytes");
  } catch (const std::exception& e) {
    EXPECT_TRUE(is_out_of_memory(e));
  }
  EXPECT_FALSE(is_out_of_memory(std::runtime_error("the shapes differ")));
  EXPECT_FALSE(is_out_of_memory(Error(ErrorKind::OutOfMemory, "out of memory: dealt with")));
}

TEST(Memory, IsSpelledForPeople) {
  EXPECT_EQ(in_gib(std::uint64_t(3) << 29), "1.5 GiB");
  EXPECT_EQ(in_gib(0), "0.0 GiB");
}

}  // namespace
}  // namespace sfumato
