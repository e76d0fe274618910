#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "golden/golden_case.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"

namespace sfumato::golden {
namespace {

namespace fs = std::filesystem;

enum class Outcome { Passed, Failed, Skipped };

std::vector<fs::path> subfolders(const fs::path& folder) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// `folder` is one case, the folder of one kind, or the folder of all kinds. A folder without
// case.json and without subfolders counts as a (broken) case.
std::vector<fs::path> find_cases(const fs::path& folder) {
  if (fs::exists(folder / "case.json")) return {folder};
  std::vector<fs::path> cases;
  for (const auto& child : subfolders(folder)) {
    const auto grandchildren = subfolders(child);
    if (fs::exists(child / "case.json") || grandchildren.empty()) {
      cases.push_back(child);
    } else {
      cases.insert(cases.end(), grandchildren.begin(), grandchildren.end());
    }
  }
  return cases;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The kind that the case names; the folder it lies in when it cannot be read, and `readable` says
// so.
struct KindName {
  std::string name;
  bool readable;
};

KindName kind_of(const fs::path& folder) {
  try {
    const auto meta = nlohmann::json::parse(read_file(folder / "case.json"));
    return {meta.at("kind").get<std::string>(), true};
  } catch (const std::exception&) {
    return {folder.parent_path().filename().string(), false};
  }
}

const Kind* find_kind(std::string_view name) {
  for (const Kind& kind : kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

Outcome run_case(const fs::path& folder, const KindName& kind_name) {
  const std::string title = kind_name.name + "/" + folder.filename().string();
  const auto line = [&](const char* verdict, const std::string& text) {
    std::printf("%-4s %s  %s\n", verdict, title.c_str(), text.c_str());
  };
  const Kind* kind = find_kind(kind_name.name);
  if (!kind && kind_name.readable) {
    line("skip", "unknown kind");
    return Outcome::Skipped;
  }
  try {
    const Case c = load_case(folder);  // throws when it is not readable
    Report report(c);
    kind->run(c, report);
    std::string unchecked;
    for (const auto& name : report.not_compared()) unchecked += " " + name;
    if (!unchecked.empty()) unchecked = ", not compared:" + unchecked;
    char summary[64];
    std::snprintf(summary, sizeof summary, "worst %.3g of tolerance", report.worst());
    const std::string at = report.worst_at().empty() ? "" : " at " + report.worst_at();
    line(report.passed() ? "ok" : "FAIL",
         summary + at + ", " + std::to_string(report.compared()) + " compared" + unchecked);
    for (const auto& failure : report.failures()) std::printf("     %s\n", failure.c_str());
    return report.passed() ? Outcome::Passed : Outcome::Failed;
  } catch (const Skip& skip) {
    line("skip", skip.what());
    return Outcome::Skipped;
  } catch (const Error& error) {
    line("FAIL", std::string(error.what()) + (error.hint().empty() ? "" : "; ") + error.hint());
    return Outcome::Failed;
  } catch (const std::exception& error) {
    line("FAIL", first_line(error.what()));
    return Outcome::Failed;
  }
}

int run(const fs::path& folder, const std::string& only_kind) {
  if (!fs::is_directory(folder)) {
    throw Error(ErrorKind::NotFound, "no such folder: " + folder.string());
  }
  int counts[3] = {0, 0, 0};
  std::set<std::string> skipped_kinds;
  for (const auto& path : find_cases(fs::canonical(folder))) {
    const KindName kind = kind_of(path);
    if (!only_kind.empty() && kind.name != only_kind) continue;
    const Outcome outcome = run_case(path, kind);
    ++counts[static_cast<int>(outcome)];
    if (outcome == Outcome::Skipped && !find_kind(kind.name)) skipped_kinds.insert(kind.name);
    std::fflush(stdout);
  }
  const auto [passed, failed, skipped] = counts;
  if (passed + failed + skipped == 0) {
    throw Error(ErrorKind::NotFound, "no cases in " + folder.string());
  }
  if (!skipped_kinds.empty()) {
    std::printf("unknown kinds:");
    for (const auto& kind : skipped_kinds) std::printf(" %s", kind.c_str());
    std::printf("\n");
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace sfumato::golden

int main(int argc, char** argv) {
  constexpr const char* kUsage =
      "usage: golden --cases DIR [--kind KIND]\n"
      "recomputes reference cases of the original implementations\n"
      "  --cases DIR  folder of all kinds, of one kind, or one case\n"
      "  --kind KIND  only cases of this kind\n";
  std::string folder, kind;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help") return std::fputs(kUsage, stdout) < 0;
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    const bool known = name == "--cases" || name == "--kind";
    if (!known || (equals == word.npos && ++i == argc)) {
      std::fprintf(stderr, "golden: cannot use '%s'\n%s", std::string(word).c_str(), kUsage);
      return 2;
    }
    (name == "--cases" ? folder : kind) = equals == word.npos ? argv[i] : word.substr(equals + 1);
  }
  if (folder.empty()) {
    std::fprintf(stderr, "golden: --cases DIR is missing\n%s", kUsage);
    return 2;
  }
  try {
    return sfumato::golden::run(folder, kind);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "golden: %s\n", error.what());
    return 2;
  }
}
