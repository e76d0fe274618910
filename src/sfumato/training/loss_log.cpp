#include "sfumato/training/loss_log.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/image/draw.h"

namespace sfumato {

using nlohmann::ordered_json;

LossLog::LossLog(const std::filesystem::path& path, std::int64_t step) : path_(path) {
  std::string kept;
  if (step > 0 && std::filesystem::exists(path)) {
    std::istringstream lines(read_file(path));
    for (std::string line; std::getline(lines, line);) {
      const auto entry = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (!entry.is_object() || !entry.contains("step") || !entry["step"].is_number()) continue;
      if (entry["step"].get<double>() > static_cast<double>(step)) continue;
      kept += line + "\n";
      if (entry.contains("loss") && entry["loss"].is_number()) {
        steps_.push_back(entry["step"].get<double>());
        losses_.push_back(entry["loss"].get<double>());
      }
    }
  }
  write_file_atomically(path, kept);
  out_.open(path, std::ios::app);
  if (!out_) throw Error(ErrorKind::Io, "cannot write " + path.string());
}

void LossLog::add(std::int64_t step, const NamedNumbers& numbers) {
  ordered_json entry{{"step", step}};
  for (const auto& [name, value] : numbers) {
    entry[name] = value;
    if (name == "loss") {
      steps_.push_back(static_cast<double>(step));
      losses_.push_back(value);
    }
  }
  out_ << entry.dump() << '\n' << std::flush;
  if (!out_) throw Error(ErrorKind::Io, "cannot write " + path_.string(), "is the disk full?");
}

Image LossLog::chart(const std::string& title) const {
  const Series series{.name = "loss", .x = steps_, .y = losses_};
  return line_chart(title, {&series, 1}, 900, 500, /*log_y=*/true);
}

}  // namespace sfumato
