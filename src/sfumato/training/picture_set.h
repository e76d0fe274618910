#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sfumato/base/cancel.h"
#include "sfumato/text/clip_tokenizer.h"

namespace sfumato {

/// A whole data set in memory, decoded once: 64x64 pictures take 12 KB each.
struct PictureSet {
  at::Tensor pictures;  ///< [N, S, S, 3] uint8 as in the files
  std::vector<std::string> captions;
  std::vector<std::string> keys = {};  ///< names in the data set

  std::int64_t count() const { return static_cast<std::int64_t>(captions.size()); }
  /// The pictures at `indices` (int64 [B]) as float32 [B, 3, S, S] in [-1, 1].
  at::Tensor batch(const at::Tensor& indices) const;
};

/// Reads at most `limit` samples of `path` (data/sample.h; 0: all), scaled and cut to size x size.
PictureSet load_pictures(const std::string& path, int size, std::int64_t limit,
                         const CancelToken& cancel);

/// The masks of the pictures of `set`: the pictures of the same names in the data set at `path`, of
/// which the red channel says how much the loss counts there. uint8 [N, 1, size, size]. Throws
/// InvalidArgument naming the first picture without a mask.
at::Tensor load_masks(const std::string& path, const PictureSet& set, int size,
                      const CancelToken& cancel);

/// All captions as ids [N, context_length], padded with `pad`; int32, half the memory of int64.
at::Tensor token_table(const ClipTokenizer& tokenizer, const std::vector<std::string>& captions,
                       int pad);

}  // namespace sfumato
