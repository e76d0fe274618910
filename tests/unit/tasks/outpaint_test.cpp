#include "sfumato/tasks/outpaint.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/random_model.h"
#include "tasks_support.h"

namespace sfumato {
namespace {

// Of the size asked for, with the old picture in its place: byte for byte beyond the overlap,
// painted anew beside it.
void expect_continued(const Model& model, const Image& picture, const OutpaintRequest& request) {
  const auto result = outpaint(model, picture, request);
  const Image& image = result.images.at(0);
  ASSERT_EQ(image.width, request.left + picture.width + request.right);
  ASSERT_EQ(image.height, request.up + picture.height + request.down);
  const auto reach = [&](int margin) { return margin > 0 ? request.overlap : 0; };
  int changed = 0, kept = 0;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const auto* now = image.pixel(x + request.left, y + request.up);
      const bool same = std::equal(now, now + 3, picture.pixel(x, y));
      const bool inside = x >= reach(request.left) && x < picture.width - reach(request.right) &&
                          y >= reach(request.up) && y < picture.height - reach(request.down);
      if (inside) {
        ASSERT_TRUE(same) << x << ", " << y;
      }
      kept += inside;
      changed += !same;
    }
  }
  EXPECT_GT(kept, 0);
  EXPECT_EQ(changed > 0, request.overlap > 0);
}

OutpaintRequest margins_of_request(int left, int right, int up, int down, int overlap) {
  auto request = test::quick_request<OutpaintRequest>();
  request.left = left;
  request.right = right;
  request.up = up;
  request.down = down;
  request.overlap = overlap;
  return request;
}

TEST(Outpaint, KeepsThePictureByteForByte) {
  for (const char* family : {"tiny_sd1", "tiny_sd1+masked_latent"}) {
    SCOPED_TRACE(family);
    const Model model = test::random_model(family);
    expect_continued(model, test::coloured_picture(32, 32), margins_of_request(16, 0, 0, 0, 8));
    expect_continued(model, test::coloured_picture(37, 30), margins_of_request(5, 11, 0, 3, 7));
    expect_continued(model, test::coloured_picture(37, 30), margins_of_request(0, 0, 9, 0, 0));
  }
}

TEST(Outpaint, GivesEveryPictureAtItsSize) {
  const Model model = test::random_model("tiny_sd1");
  auto request = margins_of_request(3, 0, 0, 0, 4);
  request.count = 2;
  std::vector<Image> seen;
  Observer observer;
  observer.on_image = [&](const Image& image, std::uint64_t, int) { seen.push_back(image); };
  const auto result = outpaint(model, test::coloured_picture(32, 24), request, observer);
  ASSERT_EQ(result.images.size(), 2u);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].rgb, result.images[1].rgb);
  EXPECT_EQ(seen[1].width, 35);
  EXPECT_NE(seen[0].rgb, seen[1].rgb);
  EXPECT_EQ(result.request.width, 40);  // of the painting
  EXPECT_EQ(result.request.height, 24);
}

}  // namespace
}  // namespace sfumato
