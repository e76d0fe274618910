#include "sfumato/hub/pull_plan.h"

#include <algorithm>
#include <optional>

#include "sfumato/hub/choose_files.h"

namespace sfumato {
namespace fs = std::filesystem;
namespace {

/// The one file that has the whole model, or nothing.
std::optional<HubFile> only_file(const std::vector<HubFile>& chosen, bool as_said) {
  if (chosen.size() == 1) return chosen.front();
  const auto weights = [](const HubFile& file) { return is_weights_name(file.name); };
  const bool pipeline = std::any_of(chosen.begin(), chosen.end(), [](const auto& file) {
    return file.name == "model_index.json";
  });
  if (as_said || pipeline || std::count_if(chosen.begin(), chosen.end(), weights) != 1) {
    return std::nullopt;
  }
  return *std::find_if(chosen.begin(), chosen.end(), weights);
}

}  // namespace

fs::path single_path(const std::string& name, const fs::path& folder, const std::string& out) {
  if (out.empty()) return folder / name;
  return out.ends_with('/') || fs::is_directory(out) ? fs::path(out) / name : fs::path(out);
}

PullPlan plan_pull(const Repository& repository, std::vector<HubFile> chosen, bool as_said,
                   const fs::path& folder, const std::string& out) {
  PullPlan plan;
  if (const auto only = only_file(chosen, as_said)) {
    plan.result = single_path(single_file_name(*only, repository.name), folder, out);
    plan.replace = !out.empty();
    plan.files.push_back({*only, plan.result});
    for (auto& file : chosen) {
      fs::path beside = only->name;
      if (file.name == beside.replace_extension(".yaml").generic_string()) {
        plan.files.push_back({file, fs::path(plan.result).replace_extension(".yaml")});
      }
    }
    return plan;
  }
  plan.replace = true;
  plan.result = out.empty() ? folder / (repository.owner + "--" + repository.name) : fs::path(out);
  for (auto& file : chosen) {
    fs::path path = plan.result / file.name;
    plan.files.push_back({std::move(file), std::move(path)});
  }
  return plan;
}

}  // namespace sfumato
