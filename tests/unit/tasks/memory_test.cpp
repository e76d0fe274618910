#include "sfumato/tasks/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "sfumato/family/family.h"
#include "support/random_model.h"
#include "tasks_support.h"

namespace sfumato {
namespace {

// Without memory for its weights.
const Model& full_size_model() {
  static const Model model = describe_model(find_family("sd15"));
  return model;
}

double gib(std::uint64_t bytes) { return double(bytes) / double(1ull << 30); }

// Measured: 0.84 GiB for two samples of the U-Net at 512x512, 1.21 and 0.75 GiB for the decoder at
// 640x512, whole and in strips.
TEST(Memory, IsEstimatedAsItWasMeasured) {
  EXPECT_NEAR(gib(denoising_memory(full_size_model(), 512, 512, 1)), 0.84, 0.1);
  EXPECT_NEAR(gib(autoencoder_memory(full_size_model(), 640, 512)), 1.3, 0.25);
  EXPECT_NEAR(gib(strips_memory(full_size_model(), 640, 512)), 0.8, 0.15);
}

TEST(Memory, GrowsWithThePictureAndTheBatch) {
  const Model& model = full_size_model();
  EXPECT_GT(denoising_memory(model, 1024, 1024, 1), denoising_memory(model, 512, 512, 1));
  EXPECT_GT(denoising_memory(model, 512, 512, 4), denoising_memory(model, 512, 512, 2));
  EXPECT_LT(strips_memory(model, 2048, 2048), autoencoder_memory(model, 2048, 2048) / 2);
}

TEST(Memory, HalvesABatchUntilItFits) {
  const Model& model = full_size_model();
  std::string note;
  Observer observer;
  observer.on_note = [&](const std::string& line) { note = line; };
  const std::uint64_t room =
      std::max(denoising_memory(model, 512, 512, 2), strips_memory(model, 512, 512));
  EXPECT_EQ(fitting_batch(model, 512, 512, 2, {room, room}, observer), 2);
  EXPECT_EQ(note, "");
  const FreeMemory little{denoising_memory(model, 512, 512, 2), room};
  EXPECT_EQ(fitting_batch(model, 512, 512, 8, little, observer), 2);
  EXPECT_NE(note.find("painting 2 at once"), std::string::npos) << note;
  EXPECT_EQ(fitting_batch(model, 512, 512, 8, {}, observer), 8) << "nothing is known";
}

TEST(Memory, NamesASizeThatFits) {
  const Model& model = full_size_model();
  const std::uint64_t room = strips_memory(model, 1024, 1024) + 1;
  const std::string refusal = test::refusal_of([&] {
    fitting_batch(model, 4096, 2048, 1, {room, room}, {});
  });
  EXPECT_NE(refusal.find("4096x2048"), std::string::npos) << refusal;
  EXPECT_NE(refusal.find("up to 1024x1024 fits"), std::string::npos) << refusal;
}

}  // namespace
}  // namespace sfumato
