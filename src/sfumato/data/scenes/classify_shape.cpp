#include "sfumato/data/scenes/classify_shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace sfumato::scenes {
namespace {

constexpr int kAngles = 72;
// A ring's hole is about 0.3 of its disc; a dent in a disc is less than a tenth.
constexpr double kHole = 0.1;

using Profile = std::array<double, kAngles>;

struct Point {
  double x, y;
};

// Scaled so that the enclosed area, half the integral of the squared radius, is that of the unit
// circle.
Profile normalised(Profile profile) {
  double squares = 0.0;
  for (const double radius : profile) squares += radius * radius;
  const double scale = 1.0 / std::sqrt(std::max(squares / kAngles, 1e-12));
  for (double& radius : profile) radius *= scale;
  return profile;
}

// The profile of a polygon that is star-shaped around the origin.
Profile polygon_profile(const std::vector<Point>& corners) {
  Profile profile{};
  for (int i = 0; i < kAngles; ++i) {
    const double angle = 2 * std::numbers::pi * i / kAngles, dx = std::cos(angle),
                 dy = std::sin(angle);
    for (std::size_t j = 0; j < corners.size(); ++j) {
      const Point& a = corners[j];
      const Point& b = corners[(j + 1) % corners.size()];
      // Where the ray t * (dx, dy) meets the edge a + s * (b - a).
      const double ex = b.x - a.x, ey = b.y - a.y, turn = dx * ey - dy * ex;
      if (std::abs(turn) < 1e-12) continue;
      const double t = (a.x * ey - a.y * ex) / turn, s = (a.x * dy - a.y * dx) / turn;
      if (t > 0 && s >= -1e-9 && s <= 1 + 1e-9) profile[i] = std::max(profile[i], t);
    }
  }
  return normalised(profile);
}

std::vector<Point> star() {
  std::vector<Point> corners;
  for (int i = 0; i < 10; ++i) {
    const double radius = i % 2 == 0 ? 1.0 : 0.45, angle = std::numbers::pi * (i / 5.0 - 0.5);
    corners.push_back({radius * std::cos(angle), radius * std::sin(angle)});
  }
  return corners;
}

std::vector<Point> cross() {
  constexpr double kArm = 0.32;
  return {{kArm, -1}, {kArm, -kArm}, {1, -kArm}, {1, kArm},   {kArm, kArm},   {kArm, 1},
          {-kArm, 1}, {-kArm, kArm}, {-1, kArm}, {-1, -kArm}, {-kArm, -kArm}, {-kArm, -1}};
}

struct Ideal {
  Shape shape;
  Profile profile;
};

std::array<Ideal, 5> ideals() {
  Profile circle;
  circle.fill(1.0);
  return {Ideal{Shape::Circle, circle},
          Ideal{Shape::Square, polygon_profile({{-1, -1}, {1, -1}, {1, 1}, {-1, 1}})},
          Ideal{Shape::Triangle, polygon_profile({{0, -1.17}, {1, 0.59}, {-1, 0.59}})},
          Ideal{Shape::Star, polygon_profile(star())},
          Ideal{Shape::Cross, polygon_profile(cross())}};
}

double difference(const Profile& a, const Profile& b) {
  double squares = 0.0;
  for (int i = 0; i < kAngles; ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(squares / kAngles);
}

// Fills the background that the outside cannot reach, and returns how much of the whole it is.
double fill_holes(Region& region) {
  std::vector<bool> outside(region.cover.size(), false);
  std::vector<Point> queue{{0, 0}};  // the window's rim is empty
  outside[0] = true;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const int x = static_cast<int>(queue[i].x), y = static_cast<int>(queue[i].y);
    const int around[4][2] = {{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}};
    for (const auto& [nx, ny] : around) {
      if (nx < 0 || ny < 0 || nx >= region.width || ny >= region.height) continue;
      const std::size_t at = std::size_t(ny) * region.width + nx;
      if (outside[at] || region.cover[at] >= 0.5f) continue;
      outside[at] = true;
      queue.push_back({double(nx), double(ny)});
    }
  }
  double filled = 0.0;
  for (std::size_t i = 0; i < region.cover.size(); ++i) {
    if (outside[i]) continue;
    if (region.cover[i] < 0.5f) filled += 1.0;
    region.cover[i] = 1.0f;
  }
  return filled / std::max(region.area(), 1e-9);
}

Point centroid(const Region& region) {
  double x_sum = 0.0, y_sum = 0.0, total = 0.0;
  for (int y = 0; y < region.height; ++y) {
    for (int x = 0; x < region.width; ++x) {
      x_sum += region.at(x, y) * x;
      y_sum += region.at(x, y) * y;
      total += region.at(x, y);
    }
  }
  return {x_sum / std::max(total, 1e-9), y_sum / std::max(total, 1e-9)};
}

double bilinear(const Region& region, double x, double y) {
  const int x0 = static_cast<int>(std::floor(x)), y0 = static_cast<int>(std::floor(y));
  if (x0 < 0 || y0 < 0 || x0 + 1 >= region.width || y0 + 1 >= region.height) return 0.0;
  const double fx = x - x0, fy = y - y0;
  return (1 - fy) * ((1 - fx) * region.at(x0, y0) + fx * region.at(x0 + 1, y0)) +
         fy * ((1 - fx) * region.at(x0, y0 + 1) + fx * region.at(x0 + 1, y0 + 1));
}

// The covered length along each ray from the centroid: for these shapes the edge's distance, and
// exact under blur, which only spreads the edge evenly.
Profile measured_profile(const Region& region) {
  const Point centre = centroid(region);
  constexpr double kStep = 0.2;
  const double reach = std::hypot(region.width, region.height);
  Profile profile{};
  for (int i = 0; i < kAngles; ++i) {
    const double angle = 2 * std::numbers::pi * i / kAngles, dx = std::cos(angle),
                 dy = std::sin(angle);
    for (double t = kStep / 2; t < reach; t += kStep) {
      profile[i] += kStep * bilinear(region, centre.x + t * dx, centre.y + t * dy);
    }
  }
  return normalised(profile);
}

}  // namespace

ShapeReading classify_shape(const Region& region) {
  static const std::array<Ideal, 5> kIdeals = ideals();
  Region filled = region;
  const bool hollow = fill_holes(filled) > kHole;
  // Only a ring is filled: elsewhere the soft edges are worth keeping.
  const Profile profile = measured_profile(hollow ? filled : region);
  if (hollow) return {Shape::Ring, difference(profile, kIdeals[0].profile)};
  ShapeReading best{Shape::Circle, std::numeric_limits<double>::infinity()};
  for (const Ideal& ideal : kIdeals) {
    const double misfit = difference(profile, ideal.profile);
    if (misfit < best.misfit) best = {ideal.shape, misfit};
  }
  return best;
}

}  // namespace sfumato::scenes
