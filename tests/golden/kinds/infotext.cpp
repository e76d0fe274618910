#include <sstream>

#include "golden/golden_case.h"
#include "golden/kinds/runners.h"
#include "sfumato/base/files.h"
#include "sfumato/request/infotext_format.h"
#include "sfumato/request/infotext_parameters.h"
#include "sfumato/request/web_ui_samplers.h"
#include "sfumato/request/web_ui_version.h"

namespace sfumato::golden {
namespace {

using nlohmann::json;

// A value as Python prints it.
std::string printed(const json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string text_or_empty(const json& line, const char* key) {
  return line.at(key).is_null() ? "" : line.at(key).get<std::string>();
}

void run_quote(const json& line, const std::string& name, Report& report) {
  std::string quoted;
  if (line.contains("quoted")) {
    quoted = line.at("quoted").get<std::string>();
  } else {
    quoted = infotext_quote(printed(line.at("value")));
    report.expect_equal(name + " quoted", quoted, line.at("expected_quoted"));
  }
  report.expect_equal(name + " unquoted", infotext_unquote(quoted), line.at("expected_unquoted"));
}

void run_version(const json& line, const std::string& name, Report& report) {
  const auto version = parse_web_ui_version(text_or_empty(line, "version"));
  report.expect_equal(name, version ? json(version->text()) : json(), line.at("expected"));
}

void run_sampler_names(const json& line, const std::string& name, Report& report) {
  auto [sampler, schedule] =
      resolve_web_ui_sampling(text_or_empty(line, "sampler"), text_or_empty(line, "scheduler"));
  if (!sampler) sampler = &web_ui_samplers().front();  // the original falls back without a word
  report.expect_equal(name,
                      json::array({sampler->label, shown_schedule(*sampler, *schedule).label}),
                      line.at("expected"));
  report.expect_equal(name + " as named", json::array({sampler->label, schedule->label}),
                      line.at("expected_no_automatic"));
}

void run_parse(const json& line, const std::string& name, Report& report) {
  const json got = infotext_parameters(line.at("text").get<std::string>());
  const json& want = line.at("expected");
  for (const auto& [key, value] : want.items()) {
    report.expect_equal(name + " " + key, got.contains(key) ? got.at(key) : json(), value);
  }
  for (const auto& [key, value] : got.items()) {
    if (!want.contains(key)) report.expect_equal(name + " " + key, value, json());
  }
}

// The lines again, with the members of objects in the order of the file.
std::vector<nlohmann::ordered_json> ordered_lines(const Case& c) {
  std::istringstream file(read_file(c.folder / "data.jsonl"));
  std::vector<nlohmann::ordered_json> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) lines.push_back(nlohmann::ordered_json::parse(line));
  }
  return lines;
}

// What the web UI's processing object says, under the names of its text.
Infotext infotext_of(const json& line, const nlohmann::ordered_json& extra, const json& config) {
  const json& p = line.at("parameters");
  const auto index = line.at("index").get<std::size_t>();
  Infotext text{.prompt = line.at("prompts").at(index).get<std::string>(),
                .negative_prompt = line.at("negative_prompts").at(index).get<std::string>(),
                .values = {}};
  const auto size = [&](const char* width, const char* height) {
    return printed(p.at(width)) + "x" + printed(p.at(height));
  };
  for (const auto& [key, value] : extra.items()) text.set(key, printed(json(value)));
  text.set("Version", printed(config.at("version")));
  text.set("Steps", printed(p.at("steps")));
  text.set("Sampler", printed(p.at("sampler_name")));
  text.set("Schedule type", printed(p.at("scheduler")));
  text.set("CFG scale", printed(p.at("cfg_scale")));
  text.set("Seed", printed(line.at("seeds").at(index)));
  text.set("Size", size("width", "height"));
  text.set("Model hash", printed(p.at("sd_model_hash")));
  text.set("Model", printed(p.at("sd_model_name")));
  if (p.at("restore_faces") == true) {
    text.set("Face restoration", printed(config.at("face_restoration_model")));
  }
  if (p.at("subseed_strength") != 0) {
    text.set("Variation seed", printed(line.at("subseeds").at(index)));
    text.set("Variation seed strength", printed(p.at("subseed_strength")));
  }
  if (p.at("seed_resize_from_w") > 0) {
    text.set("Seed resize from", size("seed_resize_from_w", "seed_resize_from_h"));
  }
  if (p.value("clip_skip", 1) > 1) text.set("Clip skip", printed(p.at("clip_skip")));
  const auto* sampler = resolve_web_ui_sampling(printed(p.at("sampler_name")), "").sampler;
  if (line.at("ensd") != 0 && sampler && sampler->uses_ensd) {
    text.set("ENSD", printed(line.at("ensd")));
  }
  if (line.at("rng") != "GPU") text.set("RNG", printed(line.at("rng")));
  if (p.at("tiling") == true) text.set("Tiling", "True");
  return text;
}

void run_create(const Case& c, Report& report) {
  const auto ordered = ordered_lines(c);
  for (std::size_t i = 0; i < c.lines.size(); ++i) {
    const auto& extra = ordered.at(i).at("parameters").at("extra_generation_params");
    report.expect_equal("line " + std::to_string(i + 1),
                        write_infotext(infotext_of(c.lines[i], extra, c.config())),
                        c.lines[i].at("expected_text"));
  }
}

}  // namespace

void run_infotext(const Case& c, Report& report) {
  if (c.name == "create") return run_create(c, report);
  for (std::size_t i = 0; i < c.lines.size(); ++i) {
    const std::string name = "line " + std::to_string(i + 1);
    const json& line = c.lines[i];
    if (c.name == "quote") {
      run_quote(line, name, report);
    } else if (c.name == "version") {
      run_version(line, name, report);
    } else if (c.name == "sampler_names") {
      run_sampler_names(line, name, report);
    } else if (c.name == "parse") {
      run_parse(line, name, report);
    } else {
      throw Skip("unknown infotext case " + c.name);
    }
  }
}

}  // namespace sfumato::golden
