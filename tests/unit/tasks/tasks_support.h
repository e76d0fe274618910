#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/image/image.h"

namespace sfumato::test {

/// A picture whose every pixel differs from its neighbours, another one for every `blue`.
inline Image coloured_picture(int width, int height, std::uint8_t blue = 99) {
  Image picture(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.pixel(x, y)[0] = static_cast<std::uint8_t>(255 * x / width);
      picture.pixel(x, y)[1] = static_cast<std::uint8_t>(255 * y / height);
      picture.pixel(x, y)[2] = static_cast<std::uint8_t>(blue + (x + y) % 2);
    }
  }
  return picture;
}

/// A request for a quick run.
template <class Request>
Request quick_request(const std::string& prompt = "a cat") {
  Request request;
  request.prompt = prompt;
  request.steps = 3;
  request.seed = 7;
  return request;
}

/// "what | hint" of the error that `action` throws, "" if it throws none.
inline std::string refusal_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    return std::string(e.what()) + " | " + e.hint();
  }
  return "";
}

}  // namespace sfumato::test
