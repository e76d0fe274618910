#include "sfumato/request/plot_table.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/request/plot_axis.h"

namespace sfumato {
namespace {

void set_field(PaintRequest& request, std::string_view name, const std::string& text) {
  for (const auto& field : kPaintRequestFields) {
    if (field.name == name) return fields::set_from_text(request, field, text);
  }
  throw Error(ErrorKind::InvalidArgument, "pictures of a grid have no " + std::string(name));
}

void apply_axis_value(const PlotValues& axis, const std::string& value, PlotCell& cell) {
  const std::string_view name = axis.axis->field;
  PaintRequest& request = cell.request;
  if (axis.axis->kind == AxisKind::Replace) {
    replace_in_prompts(axis.values, value, request.prompt, request.negative_prompt);
  } else if (axis.axis->kind == AxisKind::Order) {
    request.prompt = with_word_order(request.prompt, value);
  } else if (name == "model") {
    cell.model = value;
  } else if (name == "vae") {
    cell.vae = value;
  } else if (name == "refiner" && value == "None") {  // as the web UI calls it
    request.refiner.reset();
  } else if (name == "size") {
    set_size(request, value);
  } else {
    set_field(request, name, value);
  }
}

/// An axis, or nothing that varies.
struct PlotSide {
  std::optional<PlotValues> values;

  explicit PlotSide(const std::string& text) {
    if (!text.empty()) values = parse_plot_axis(text);
  }
  std::size_t size() const { return values ? values->values.size() : 1; }
  void apply(std::size_t index, PlotCell& cell) const {
    if (values) apply_axis_value(*values, values->values[index], cell);
  }
  std::vector<std::string> names(bool without) const {
    std::vector<std::string> result(size());
    for (std::size_t i = 0; i < size() && values && !without; ++i) result[i] = values->label(i);
    return result;
  }
};

}  // namespace

void set_size(PaintRequest& request, const std::string& text) {
  const std::size_t cross = text.find('x');
  if (cross == text.npos) {
    throw Error(ErrorKind::InvalidArgument, "size: expected WIDTHxHEIGHT, found '" + text + "'",
                "for example: size=512x512,512x768");
  }
  set_field(request, "width", text.substr(0, cross));
  set_field(request, "height", text.substr(cross + 1));
}

std::string refiner_of(const PlotCell& cell) {
  return cell.request.refiner_enabled() ? *cell.request.refiner : "";
}

PlotTable plot_table(const PlotRequest& request) {
  const PlotSide x(request.x), y(request.y), z(request.z);
  const std::size_t count = x.size() * y.size() * z.size();  // each at most kMostPlotValues
  if (count > kMostPlotCells) {
    throw Error(ErrorKind::InvalidArgument,
                "a grid of " + std::to_string(count) + " pictures; the most is " +
                    std::to_string(kMostPlotCells),
                "name fewer values");
  }
  PlotTable table{.x = x.names(request.no_labels),
                  .y = y.names(request.no_labels),
                  .z = z.names(request.no_labels),
                  .cells = {}};
  for (std::size_t i = 0; i < count; ++i) {
    PlotCell cell{.request = request};
    x.apply(i % x.size(), cell);
    y.apply(i / x.size() % y.size(), cell);
    z.apply(i / x.size() / y.size(), cell);
    table.cells.push_back(std::move(cell));
  }
  return table;
}

std::vector<std::size_t> painting_order(const PlotTable& table) {
  std::map<std::vector<std::string>, std::size_t> first;  // where a model first stands
  std::vector<std::size_t> order, group;
  for (std::size_t i = 0; i < table.cells.size(); ++i) {
    const PlotCell& cell = table.cells[i];
    const std::vector<std::string> models{cell.model, cell.vae, refiner_of(cell)};
    group.push_back(first.try_emplace(models, i).first->second);
    order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return group[a] < group[b]; });
  return order;
}

}  // namespace sfumato
