#include "sfumato/training/picture_set.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/data/sample.h"
#include "sfumato/image/draw.h"

namespace sfumato {

at::Tensor PictureSet::batch(const at::Tensor& indices) const {
  const at::Tensor chosen = pictures.index_select(0, indices).permute({0, 3, 1, 2});
  return chosen.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true, at::MemoryFormat::Contiguous)
      .mul_(2.0 / 255.0)
      .sub_(1.0);
}

PictureSet load_pictures(const std::string& path, int size, std::int64_t limit,
                         const CancelToken& cancel) {
  const auto reader = open_data(path);
  PictureSet set;
  std::vector<std::uint8_t> bytes;
  Sample sample;
  while ((limit == 0 || set.count() < limit) && reader->next(sample)) {
    cancel.throw_if_cancelled();
    if (sample.image.width != size || sample.image.height != size) {
      sample.image = resize_and_crop(sample.image, size);
    }
    bytes.insert(bytes.end(), sample.image.rgb.begin(), sample.image.rgb.end());
    set.captions.push_back(std::move(sample.caption));
    set.keys.push_back(std::move(sample.key));
  }
  if (set.captions.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no pictures in " + path,
                "draw some with: sfumato data scenes --out " + path);
  }
  // The tensor takes the bytes over: a second copy of a large data set may not fit.
  const auto owner = std::make_shared<std::vector<std::uint8_t>>(std::move(bytes));
  set.pictures = at::from_blob(
      owner->data(), {set.count(), size, size, 3}, [owner](void*) {}, at::TensorOptions(at::kByte));
  return set;
}

at::Tensor load_masks(const std::string& path, const PictureSet& set, int size,
                      const CancelToken& cancel) {
  const PictureSet masks = load_pictures(path, size, 0, cancel);
  std::map<std::string, std::int64_t> by_key;
  for (std::int64_t i = 0; i < masks.count(); ++i) {
    by_key[masks.keys[static_cast<std::size_t>(i)]] = i;
  }
  std::vector<std::int64_t> indices;
  for (const std::string& key : set.keys) {
    const auto found = by_key.find(key);
    if (found == by_key.end()) {
      throw Error(ErrorKind::InvalidArgument, "no mask for the picture " + key + " in " + path);
    }
    indices.push_back(found->second);
  }
  const at::Tensor red = masks.pictures.select(3, 0).unsqueeze(1);
  return red.index_select(0, at::tensor(indices, at::kLong));
}

at::Tensor token_table(const ClipTokenizer& tokenizer, const std::vector<std::string>& captions,
                       int pad) {
  const int length = tokenizer.context_length();
  at::Tensor tokens = at::empty({static_cast<std::int64_t>(captions.size()), length}, at::kInt);
  auto* out = tokens.data_ptr<std::int32_t>();
  for (const std::string& caption : captions) {
    const std::vector<int> ids = tokenizer.encode_padded(caption, length, pad);
    out = std::copy(ids.begin(), ids.end(), out);
  }
  return tokens;
}

}  // namespace sfumato
