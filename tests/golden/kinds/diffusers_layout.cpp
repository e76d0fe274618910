#include <array>
#include <set>

#include "golden/golden_case.h"
#include "golden/kinds/runners.h"
#include "sfumato/checkpoint/diffusers_names.h"

namespace sfumato::golden {
namespace {

struct Place {
  std::string_view prefix;  ///< in the single file
  DiffusersPart part;
};
constexpr std::array kPlaces{
    Place{"model.diffusion_model.", DiffusersPart::UNet},
    Place{"first_stage_model.", DiffusersPart::Vae},
    Place{"cond_stage_model.transformer.", DiffusersPart::ClipText},
    Place{"cond_stage_model.model.", DiffusersPart::OpenClipPenultimate},
    Place{"conditioner.embedders.0.transformer.", DiffusersPart::ClipText},
    Place{"conditioner.embedders.1.model.", DiffusersPart::OpenClipText},
};

/// A row of the case: one tensor of the folder.
struct Row {
  std::string folder, single;
  NameChange change = NameChange::None;
  int third = 0;
};

Row read_row(const nlohmann::json& line, std::size_t prefix) {
  Row row{line.at("diffusers"), line.at("compvis").get<std::string>().substr(prefix)};
  const std::string op = line.value("op", "");
  if (op == "squeeze") row.change = NameChange::Squeeze;
  if (op == "transpose") row.change = NameChange::Transpose;
  if (op == "rows") {
    row.change = NameChange::Third;
    const int begin = line.at("rows").at(0), end = line.at("rows").at(1);
    row.third = begin / (end - begin);
  }
  return row;
}

nlohmann::json as_json(const std::string& name, NameChange change, int third) {
  return {name, static_cast<int>(change), third};
}

void check_part(const Place& place, const Case& c, Report& report) {
  std::vector<Row> rows;
  std::set<std::string> folder, single, unmapped;
  for (const auto& line : c.lines) {
    if (!line.at("compvis").get_ref<const std::string&>().starts_with(place.prefix)) continue;
    rows.push_back(read_row(line, place.prefix.size()));
    folder.insert(rows.back().folder);
    single.insert(rows.back().single);
  }
  if (rows.empty()) return;
  for (const std::string name : c.config().at("unmapped")) {
    if (name.starts_with(place.prefix)) unmapped.insert(name.substr(place.prefix.size()));
  }
  single.insert(unmapped.begin(), unmapped.end());

  const bool added = !c.config().at("unet_config").at("addition_embed_type").is_null();
  const auto part =
      added && place.part == DiffusersPart::UNet ? DiffusersPart::AddedUNet : place.part;
  const auto from_folder = DiffusersNames::of_folder(part, folder);
  const auto from_single = DiffusersNames::of_single_file(part, single);
  for (const auto& row : rows) {
    const auto back = from_folder.in_single_file(row.folder);
    report.expect_equal(row.folder, back ? as_json(back->name, back->change, back->third) : nullptr,
                        as_json(row.single, row.change, row.third));
    std::set<nlohmann::json> made;
    for (const auto& to : from_single.in_folder(row.single)) {
      made.insert(as_json(to.name, to.change, to.third));
    }
    report.expect_equal(row.single + " -> " + row.folder,
                        made.contains(as_json(row.folder, row.change, row.third)), true);
  }
  for (const auto& name : unmapped) {
    report.expect_equal(name, from_single.in_folder(name).size(), 0);
  }
}

}  // namespace

void run_diffusers_layout(const Case& c, Report& report) {
  for (const auto& place : kPlaces) check_part(place, c, report);
}

}  // namespace sfumato::golden
