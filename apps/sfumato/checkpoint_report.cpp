#include "checkpoint_report.h"

#include <ATen/ATen.h>

#include <map>
#include <ostream>
#include <vector>

#include "checkpoint_source.h"
#include "sfumato/base/error.h"
#include "sfumato/checkpoint/file_hash.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/family.h"
#include "sfumato/family/model.h"
#include "sfumato/tensor/shape.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

Json needs_of(const ModelConfig& config) {
  Json needs = Json::array();
  for (const auto& encoder : config.text_encoders) {
    if (encoder.kind == EncoderKind::Class) {
      needs.push_back("a class number below " + std::to_string(encoder.vocabulary));
    } else if (encoder.tokenizer == TokenizerKind::None) {
      needs.push_back("token ids");
    } else {
      needs.push_back("a prompt of up to " + std::to_string(encoder.positions) + " tokens (" +
                      std::string(encoder_kind_name(encoder.kind)) + ")");
    }
    if (!encoder.tokenizer_file.empty()) needs.push_back("the file " + encoder.tokenizer_file);
  }
  if (config.concat.kind != ConcatKind::None) {
    needs.push_back("a picture: " + std::string(concat_kind_name(config.concat.kind)));
  }
  if (!config.unet) needs.push_back("a picture to encode (it is an autoencoder on its own)");
  return needs;
}

constexpr std::size_t kShortHash = 10;  // digits by which A1111 calls a checkpoint

/// Adds "non_finite", the count of every tensor that has such values, and the sums of both kinds.
void count_non_finite(const TensorMap& tensors, Json& report) {
  Json bad = Json::object();
  std::int64_t nans = 0, all = 0;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point() || tensor.numel() == 0) continue;
    const auto count = tensor.numel() - at::isfinite(tensor).sum().item<std::int64_t>();
    if (count == 0) continue;
    bad[name] = count;
    all += count;
    nans += at::isnan(tensor).sum().item<std::int64_t>();
  }
  report["non_finite"] = bad;
  report["nan"] = nans;
  report["infinite"] = all - nans;
}

/// Null for weights in several files.
void add_hash(const fs::path& path, Json& report) {
  report["sha256"] = report["short_hash"] = nullptr;
  const auto file = single_weights_file(path);
  if (!file) return;
  const std::string hash = file_sha256(*file, hash_cache());
  report["sha256"] = hash;
  report["short_hash"] = hash.substr(0, kShortHash);
}

void compare_with_family(const ModelConfig& family, const TensorMap& tensors, Json& report) {
  const ModelConfig config = with_parts_of(family, tensors);
  const TensorMap needed = needed_tensors(tensors, config, /*use_ema=*/true);
  const LoadReport found = compare(checkpoint_tensors(describe_model(config)), needed);
  report["missing"] = found.missing;
  report["unused"] = found.unexpected;
  report["misshapen"] = Json::array();
  for (const auto& m : found.misshapen) {
    report["misshapen"].push_back(m.name + ": file " + shape_string(m.in_file) + ", model " +
                                  shape_string(m.in_model));
  }
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

void print_list(std::ostream& out, const char* title, const Json& list, std::size_t most) {
  if (list.empty()) return;
  out << title << " (" << list.size() << ")\n";
  std::size_t shown = 0;
  for (const auto& [key, value] : list.items()) {
    if (shown++ == most) {
      out << "  ... and " << list.size() - most << " more\n";
      return;
    }
    if (list.is_object()) {
      out << "  " << key << ": " << value.dump() << "\n";
    } else {
      out << "  " << value.get<std::string>() << "\n";
    }
  }
}

}  // namespace

Json report_checkpoint(const fs::path& path, const std::string& family) {
  const Checkpoint checkpoint = read_checkpoint(path);
  const TensorMap& tensors = checkpoint.tensors;
  Json report{{"kind", "checkpoint"},
              {"file", path.string()},
              {"format", std::string(format_name(checkpoint.format))}};

  std::int64_t parameters = 0;
  std::map<std::string, std::int64_t> dtypes;
  for (const auto& [name, tensor] : tensors) {
    parameters += tensor.numel();
    dtypes[c10::toString(tensor.scalar_type())] += tensor.numel();
  }
  try {
    const FamilyChoice choice = family_of(path, family, checkpoint);
    const ModelConfig& config = choice.config;
    report["family"] = config.family;
    if (!choice.note.empty()) report["note"] = choice.note;
    report["needs"] = needs_of(config);
    compare_with_family(config, tensors, report);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Unsupported) throw;
    report["family"] = nullptr;
    report["problem"] = e.what();
    report["hint"] = e.hint();
  }
  report["tensors"] = tensors.size();
  report["parameters"] = parameters;
  report["dtypes"] = dtypes;
  count_non_finite(tensors, report);
  report["metadata"] = checkpoint.metadata;
  add_hash(path, report);
  return report;
}

bool is_complete(const Json& report) {
  return report["family"].is_null() || (report["missing"].empty() && report["misshapen"].empty());
}

bool is_usable(const Json& report) {
  return !report["family"].is_null() && is_complete(report) && report["non_finite"].empty();
}

void print_checkpoint(std::ostream& out, const Json& report, std::size_t most) {
  out << report["file"].get<std::string>() << ": ";
  if (report["family"].is_null()) {
    out << "checkpoint of an unknown family\n  " << report["problem"].get<std::string>() << "\n  "
        << report["hint"].get<std::string>() << "\n";
  } else {
    out << "checkpoint of the family " << report["family"].get<std::string>() << "\n";
  }
  out << grouped(report["parameters"].get<std::int64_t>()) << " numbers in "
      << report["tensors"].dump() << " tensors (";
  const char* separator = "";
  for (const auto& [dtype, count] : report["dtypes"].items()) {
    out << separator << dtype << " " << grouped(count.get<std::int64_t>());
    separator = ", ";
  }
  out << ")\n";
  if (report.contains("note")) out << report["note"].get<std::string>() << "\n";
  if (report.contains("needs")) print_list(out, "needs", report["needs"], most);
  for (const char* title : {"missing", "misshapen", "unused"}) {
    if (report.contains(title)) print_list(out, title, report[title], most);
  }
  if (!report["non_finite"].empty()) {
    out << report["nan"] << " NaN and " << report["infinite"] << " infinite values\n";
  }
  print_list(out, "NaN or infinite values", report["non_finite"], most);
  print_list(out, "metadata", report["metadata"], most);
  if (!report["sha256"].is_null()) {
    out << "SHA-256 " << report["sha256"].get<std::string>() << "\nshort hash "
        << report["short_hash"].get<std::string>() << " (A1111)\n";
  }
  out << (is_usable(report) ? "can be used\n" : "cannot be used\n");
}

}  // namespace sfumato::cli
