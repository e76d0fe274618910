#include "checkpoint_report.h"

#include <ATen/ATen.h>

#include <map>
#include <ostream>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/diffusers_folder.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/detect.h"
#include "sfumato/family/family.h"
#include "sfumato/family/model.h"
#include "sfumato/tensor/shape.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

Checkpoint contents_of(const fs::path& path) {
  if (!fs::is_directory(path) || is_diffusers_folder(path)) return open_checkpoint(path);
  const fs::path shards = path / "model.safetensors.index.json";
  return open_checkpoint(fs::exists(shards) ? shards : path / "model.safetensors");
}

TensorIndex index_of(const TensorMap& tensors) {
  TensorIndex index;
  for (const auto& [name, tensor] : tensors) {
    index[name] = {std::string(c10::toString(tensor.scalar_type())), tensor.sizes().vec()};
  }
  return index;
}

ModelConfig family_of(const fs::path& path, const std::string& family, const TensorIndex& index,
                      const Metadata& metadata) {
  if (family.ends_with(".toml")) return read_family(family);
  if (!family.empty()) return find_family(family);
  if (fs::exists(path / "family.toml")) return read_family(path / "family.toml");
  return detect_family(index, path.string(), stated_prediction(metadata));
}

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

Json count_non_finite(const TensorMap& tensors) {
  Json bad = Json::object();
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point() || tensor.numel() == 0) continue;
    const auto count = tensor.numel() - at::isfinite(tensor).sum().item<std::int64_t>();
    if (count > 0) bad[name] = count;
  }
  return bad;
}

void compare_with_family(const ModelConfig& config, const TensorMap& tensors, Json& report) {
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
  const auto [tensors, metadata, format] = contents_of(path);
  Json report{{"kind", "checkpoint"},
              {"file", path.string()},
              {"format", std::string(format_name(format))}};

  std::int64_t parameters = 0;
  std::map<std::string, std::int64_t> dtypes;
  for (const auto& [name, tensor] : tensors) {
    parameters += tensor.numel();
    dtypes[c10::toString(tensor.scalar_type())] += tensor.numel();
  }
  try {
    const ModelConfig config = family_of(path, family, index_of(tensors), metadata);
    report["family"] = config.family;
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
  report["non_finite"] = count_non_finite(tensors);
  report["metadata"] = metadata;
  return report;
}

bool is_usable(const Json& report) {
  return !report["family"].is_null() && report["missing"].empty() && report["misshapen"].empty() &&
         report["non_finite"].empty();
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
  if (report.contains("needs")) print_list(out, "needs", report["needs"], most);
  for (const char* title : {"missing", "misshapen", "unused"}) {
    if (report.contains(title)) print_list(out, title, report[title], most);
  }
  print_list(out, "NaN or infinite values", report["non_finite"], most);
  print_list(out, "metadata", report["metadata"], most);
  out << (is_usable(report) ? "can be used\n" : "cannot be used\n");
}

}  // namespace sfumato::cli
