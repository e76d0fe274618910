#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <iosfwd>
#include <vector>

#include "sfumato/base/cancel.h"
#include "sfumato/training/recipe.h"

namespace sfumato {

struct RunOptions {
  at::Device device;
  bool fresh = false;  ///< forget what the out folder holds instead of resuming it
};

/// A whole training run: stage, loop, log (OUT/log.jsonl, OUT/loss.png), samples
/// (OUT/samples/step-N.png), state (OUT/state) and the finished model. Continues where an earlier
/// run in the same folder stopped. Interrupted, it saves its state and throws Cancelled.
/// Returns the files and folders of the finished model. Progress goes to `log`.
std::vector<std::filesystem::path> run_training(const Recipe& recipe, const RunOptions& options,
                                                const CancelToken& cancel, std::ostream& log);

}  // namespace sfumato
