#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/image/codec_detail.h"
#include "sfumato/image/film_detail.h"

namespace sfumato::codec_detail {
namespace {

constexpr int kBits = 5;
constexpr std::size_t kCells = std::size_t(1) << (3 * kBits);

/// The pixels whose channels agree in their upper bits.
struct Cell {
  std::uint16_t id = 0;
  std::uint64_t count = 0;
  std::array<std::uint64_t, 3> sum{};  ///< of the channels of all its pixels

  int level(int channel) const { return id >> (kBits * (2 - channel)) & ((1 << kBits) - 1); }
};

std::size_t cell_of(const std::uint8_t* rgb) {
  constexpr int kDrop = 8 - kBits;
  return std::size_t(rgb[0] >> kDrop) << (2 * kBits) | std::size_t(rgb[1] >> kDrop) << kBits |
         std::size_t(rgb[2] >> kDrop);
}

std::vector<Cell> cells_of(const Image& image) {
  std::vector<Cell> all(kCells);
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    Cell& cell = all[cell_of(&image.rgb[i])];
    ++cell.count;
    for (std::size_t c = 0; c < 3; ++c) cell.sum[c] += image.rgb[i + c];
  }
  for (std::size_t id = 0; id < kCells; ++id) all[id].id = static_cast<std::uint16_t>(id);
  std::erase_if(all, [](const Cell& cell) { return cell.count == 0; });
  return all;
}

/// Cells that share one colour of the palette.
struct Box {
  std::span<Cell> cells;
  std::uint64_t count = 0;
  int channel = 0, extent = 0;  ///< the longest side of the box

  explicit Box(std::span<Cell> of) : cells(of) {
    for (const Cell& cell : cells) count += cell.count;
    for (int c = 0; c < 3; ++c) {
      const auto [low, high] = std::minmax_element(
          cells.begin(), cells.end(),
          [c](const Cell& a, const Cell& b) { return a.level(c) < b.level(c); });
      if (high->level(c) - low->level(c) <= extent) continue;
      extent = high->level(c) - low->level(c);
      channel = c;
    }
  }
  std::uint64_t weight() const { return count * static_cast<std::uint64_t>(extent); }
};

// Cuts a box across its longest side so that both halves hold about as many pixels.
std::pair<Box, Box> cut(const Box& box) {
  const int channel = box.channel;
  std::sort(box.cells.begin(), box.cells.end(), [channel](const Cell& a, const Cell& b) {
    return std::pair(a.level(channel), a.id) < std::pair(b.level(channel), b.id);
  });
  std::uint64_t seen = 0;
  std::size_t at = 0;
  while (at + 1 < box.cells.size() && (at == 0 || 2 * seen < box.count)) {
    seen += box.cells[at].count;
    ++at;
  }
  return {Box(box.cells.first(at)), Box(box.cells.subspan(at))};
}

std::vector<Box> median_cut(std::span<Cell> cells) {
  std::vector<Box> boxes{Box(cells)};
  while (boxes.size() < 256) {
    const auto heaviest =
        std::max_element(boxes.begin(), boxes.end(),
                         [](const Box& a, const Box& b) { return a.weight() < b.weight(); });
    if (heaviest->extent == 0) break;
    auto [first, second] = cut(*heaviest);
    *heaviest = first;
    boxes.push_back(second);
  }
  return boxes;
}

}  // namespace

Indexed quantize(const Image& image) {
  std::vector<Cell> cells = cells_of(image);
  const std::vector<Box> boxes = median_cut(cells);
  Indexed result;
  std::vector<std::uint8_t> index(kCells);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    std::array<std::uint64_t, 3> sum{};
    for (const Cell& cell : boxes[i].cells) {
      index[cell.id] = static_cast<std::uint8_t>(i);
      for (std::size_t c = 0; c < 3; ++c) sum[c] += cell.sum[c];
    }
    for (std::size_t c = 0; c < 3; ++c) {
      result.palette[i][c] =
          static_cast<std::uint8_t>((sum[c] + boxes[i].count / 2) / boxes[i].count);
    }
  }
  result.pixels.resize(image.rgb.size() / 3);
  for (std::size_t i = 0; i < result.pixels.size(); ++i) {
    result.pixels[i] = index[cell_of(&image.rgb[3 * i])];
  }
  return result;
}

void check_film(std::span<const Image> frames, const FilmTiming& timing, int most_pixels,
                const char* format) {
  if (frames.empty()) throw Error(ErrorKind::InvalidArgument, "a film needs at least one frame");
  for (const Image& frame : frames) {
    check_encodable(frame, most_pixels, format);
    if (frame.width == frames[0].width && frame.height == frames[0].height) continue;
    throw Error(ErrorKind::InvalidArgument,
                "the frames of a film differ in size: " + std::to_string(frames[0].width) + " x " +
                    std::to_string(frames[0].height) + " and " + std::to_string(frame.width) +
                    " x " + std::to_string(frame.height));
  }
  constexpr int kHour = 3'600'000, kDay = 24 * kHour;
  const auto allowed = [](int time) { return time >= 1 && time <= kHour; };
  const bool short_enough = frames.size() <= static_cast<std::size_t>(kDay);
  if (allowed(timing.frame) && allowed(timing.last_frame) && short_enough &&
      static_cast<std::int64_t>(frames.size()) * timing.frame < kDay - kHour) {
    return;
  }
  throw Error(ErrorKind::InvalidArgument,
              "a film of " + std::to_string(frames.size()) + " frames of " +
                  std::to_string(timing.frame) + " ms, the last of " +
                  std::to_string(timing.last_frame) + " ms",
              "frames last 1 ms to an hour, a film less than a day");
}

}  // namespace sfumato::codec_detail
