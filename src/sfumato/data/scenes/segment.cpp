#include "sfumato/data/scenes/segment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace sfumato::scenes {
namespace {

// RGB distance above which a pixel is not background. The closest two palette colours
// (yellow, orange) are 70 apart, 50 after jitter.
constexpr double kForeground = 28.0;
// A pixel is a region's inside if no neighbour stands out much more from the background.
constexpr float kInside = 0.88f;
// The smallest area of an object, as a fraction of the picture: 20 pixels of 64 x 64.
constexpr double kSpeck = 20.0 / (64 * 64);

struct Vec {
  double r, g, b;
};

Vec minus(const Rgb& a, const Rgb& b) {
  return {double(a.r) - b.r, double(a.g) - b.g, double(a.b) - b.b};
}
double dot(const Vec& a, const Vec& b) { return a.r * b.r + a.g * b.g + a.b * b.b; }
double distance(const Rgb& a, const Rgb& b) { return std::sqrt(dot(minus(a, b), minus(a, b))); }

Rgb at(const Image& image, int x, int y) {
  const std::uint8_t* p = image.pixel(x, y);
  return {p[0], p[1], p[2]};
}

Rgb median(const std::vector<Rgb>& colours) {
  const auto channel = [&](std::uint8_t Rgb::*c) {
    std::vector<std::uint8_t> values;
    for (const Rgb& rgb : colours) values.push_back(rgb.*c);
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  };
  return {channel(&Rgb::r), channel(&Rgb::g), channel(&Rgb::b)};
}

std::size_t index_of(Colour colour) { return static_cast<std::size_t>(colour); }

Rgb border_colour(const Image& image) {
  std::array<std::vector<Rgb>, kColours> groups;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const bool inner = y > 0 && y < image.height - 1 && x > 0 && x < image.width - 1;
      if (inner) continue;
      const Rgb rgb = at(image, x, y);
      groups[index_of(nearest_colour(rgb))].push_back(rgb);
    }
  }
  return median(*std::max_element(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    return a.size() < b.size();
  }));
}

struct Pixel {
  int x, y;
};

/// Pixel labels: 0 background, n > 0 the n-th connected component (8 neighbours).
class Labels {
 public:
  Labels(const Image& image, const Rgb& background)
      : width_(image.width), height_(image.height), strength_(count()), label_(count(), 0) {
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        strength_[at(x, y)] =
            static_cast<float>(distance(sfumato::scenes::at(image, x, y), background));
      }
    }
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        if (foreground(x, y) && label_[at(x, y)] == 0) flood({x, y});
      }
    }
  }

  const std::vector<std::vector<Pixel>>& components() const { return components_; }
  bool inside(const Pixel& p) const {
    float most = 0;
    for_neighbours(p, [&](int x, int y) { most = std::max(most, strength_[at(x, y)]); });
    return strength_[at(p.x, p.y)] >= kInside * most;
  }
  bool background(int x, int y) const { return label_[at(x, y)] == 0; }

  template <class Visit>
  void for_neighbours(const Pixel& p, const Visit& visit) const {
    for (int y = std::max(0, p.y - 1); y <= std::min(height_ - 1, p.y + 1); ++y) {
      for (int x = std::max(0, p.x - 1); x <= std::min(width_ - 1, p.x + 1); ++x) visit(x, y);
    }
  }

 private:
  std::size_t count() const { return std::size_t(width_) * height_; }
  std::size_t at(int x, int y) const { return std::size_t(y) * width_ + x; }
  bool foreground(int x, int y) const { return strength_[at(x, y)] > kForeground; }

  void flood(const Pixel& start) {
    const int label = static_cast<int>(components_.size()) + 1;
    std::vector<Pixel> found{start};
    label_[at(start.x, start.y)] = label;
    for (std::size_t i = 0; i < found.size(); ++i) {
      for_neighbours(Pixel(found[i]), [&](int x, int y) {
        if (label_[at(x, y)] != 0 || !foreground(x, y)) return;
        label_[at(x, y)] = label;
        found.push_back({x, y});
      });
    }
    components_.push_back(std::move(found));
  }

  int width_, height_;
  std::vector<float> strength_;
  std::vector<int> label_;
  std::vector<std::vector<Pixel>> components_;
};

/// The colours that fill at least a fifth of the component's inside: two when objects touch.
std::vector<Rgb> main_colours(const Image& image, const Labels& labels,
                              const std::vector<Pixel>& component, double speck) {
  std::array<std::vector<Rgb>, kColours> groups;
  std::size_t total = 0;
  for (const Pixel& p : component) {
    if (!labels.inside(p)) continue;
    const Rgb rgb = at(image, p.x, p.y);
    groups[index_of(nearest_colour(rgb))].push_back(rgb);
    ++total;
  }
  std::sort(groups.begin(), groups.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::vector<Rgb> colours;
  for (const auto& group : groups) {
    if (group.empty()) break;
    const bool large = double(group.size()) >= 0.2 * double(total) && double(group.size()) > speck;
    if (colours.empty() || large) colours.push_back(median(group));
  }
  return colours;
}

Region make_region(const Image& image, const Labels& labels, const std::vector<Pixel>& pixels,
                   const Rgb& rgb, const Rgb& background) {
  Region region;
  region.rgb = rgb;
  int right = 0, bottom = 0;
  region.left = region.top = std::numeric_limits<int>::max();
  for (const Pixel& p : pixels) {
    region.left = std::min(region.left, p.x - 2);
    region.top = std::min(region.top, p.y - 2);
    right = std::max(right, p.x + 3);
    bottom = std::max(bottom, p.y + 3);
  }
  region.width = right - region.left;
  region.height = bottom - region.top;
  region.cover.assign(std::size_t(region.width) * region.height, 0.0f);

  // The pixels beside the region may hold some of its edge, too little to count as foreground.
  const Vec axis = minus(rgb, background);
  const auto set = [&](int x, int y) {
    const double cover = dot(minus(at(image, x, y), background), axis) / dot(axis, axis);
    region.cover[std::size_t(y - region.top) * region.width + (x - region.left)] =
        static_cast<float>(std::clamp(cover, 0.0, 1.0));
  };
  for (const Pixel& p : pixels) {
    set(p.x, p.y);
    labels.for_neighbours(p, [&](int x, int y) {
      if (labels.background(x, y)) set(x, y);
    });
  }
  return region;
}

}  // namespace

double Region::area() const { return std::accumulate(cover.begin(), cover.end(), 0.0); }

Colour nearest_colour(const Rgb& rgb) {
  Colour best = Colour::Red;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kColours; ++i) {
    const double d = distance(rgb, palette(static_cast<Colour>(i)));
    if (d < least) {
      least = d;
      best = static_cast<Colour>(i);
    }
  }
  return best;
}

Segmentation segment(const Image& image) {
  Segmentation result;
  if (image.width < 1 || image.height < 1) return result;
  result.background = border_colour(image);
  const Labels labels(image, result.background);
  const double speck = kSpeck * image.width * image.height;
  for (const auto& component : labels.components()) {
    if (double(component.size()) < speck) continue;
    const std::vector<Rgb> colours = main_colours(image, labels, component, speck);
    std::vector<std::vector<Pixel>> parts(colours.size());
    for (const Pixel& p : component) {
      const Rgb rgb = at(image, p.x, p.y);
      const auto nearest = std::min_element(
          colours.begin(), colours.end(),
          [&](const Rgb& a, const Rgb& b) { return distance(rgb, a) < distance(rgb, b); });
      parts[static_cast<std::size_t>(nearest - colours.begin())].push_back(p);
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].empty()) continue;
      Region region = make_region(image, labels, parts[i], colours[i], result.background);
      if (region.area() >= speck) result.regions.push_back(std::move(region));
    }
  }
  std::sort(result.regions.begin(), result.regions.end(),
            [](const Region& a, const Region& b) { return a.area() > b.area(); });
  return result;
}

}  // namespace sfumato::scenes
