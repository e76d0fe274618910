#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/image/image.h"

namespace sfumato {

using NamedNumbers = std::vector<std::pair<std::string, double>>;

/// The history of a run as JSON lines: {"step": 50, "loss": 0.12, ...}, one object per entry.
class LossLog {
 public:
  /// Opens PATH for appending and drops what lies beyond `step`, the steps a killed run had logged
  /// after its last checkpoint and will now do again.
  LossLog(const std::filesystem::path& path, std::int64_t step);

  void add(std::int64_t step, const NamedNumbers& numbers);
  /// The first number of every entry over the steps, as a line chart.
  Image chart(const std::string& title) const;

 private:
  std::ofstream out_;
  std::filesystem::path path_;
  std::vector<double> steps_;
  std::vector<double> losses_;
};

}  // namespace sfumato
