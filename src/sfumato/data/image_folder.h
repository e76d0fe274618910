#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "sfumato/data/sample.h"

namespace sfumato {

/// The pictures (.png, .jpg, .jpeg, .webp) directly inside a folder, in sorted order.
std::vector<std::filesystem::path> list_images(const std::filesystem::path& folder);

/// A folder of pictures: NAME.png with its caption in NAME.txt and what else is known in NAME.json,
/// both optional ("" when absent).
std::unique_ptr<SampleReader> read_image_folder(std::vector<std::filesystem::path> images);

}  // namespace sfumato
