#include "sfumato/checkpoint/diffusers_names.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "sfumato/checkpoint/diffusers_tables.h"

namespace sfumato {
namespace {

using Names = std::set<std::string>;

constexpr int kMostBlocks = 64;  // names come from files

/// One more than the largest number that follows `beginning` in any name.
int count_after(const Names& names, const std::string& beginning) {
  int count = 0;
  for (auto it = names.lower_bound(beginning); it != names.end(); ++it) {
    if (!it->starts_with(beginning)) break;
    int number = 0;
    const char* end = it->data() + it->size();
    const auto read = std::from_chars(it->data() + beginning.size(), end, number);
    if (read.ec == std::errc() && number >= 0 && number < kMostBlocks) {
      count = std::max(count, number + 1);
    }
  }
  return count;
}

bool has(const Names& names, const std::string& beginning) {
  const auto it = names.lower_bound(beginning);
  return it != names.end() && it->starts_with(beginning);
}

UNetBlocks unet_of_folder(const Names& names) {
  UNetBlocks blocks{.levels = count_after(names, "down_blocks."),
                    .layers = count_after(names, "down_blocks.0.resnets."),
                    .attends = {}};
  for (int i = 0; i < blocks.levels; ++i) {
    if (has(names, "up_blocks." + std::to_string(i) + ".attentions.")) blocks.attends.insert(i);
  }
  return blocks;
}

/// The first change of resolution tells how many blocks a level has.
UNetBlocks unet_of_single_file(const Names& names) {
  const int inputs = count_after(names, "input_blocks.");
  int stride = 1;
  while (stride < inputs && !has(names, "input_blocks." + std::to_string(stride) + ".0.op.")) {
    ++stride;
  }
  UNetBlocks blocks{.levels = inputs / stride, .layers = stride - 1, .attends = {}};
  for (int i = 0; i < blocks.levels; ++i) {
    const int last = i * stride + blocks.layers;
    if (has(names, "output_blocks." + std::to_string(last) + ".1.proj_in.")) {
      blocks.attends.insert(i);
    }
  }
  return blocks;
}

std::vector<DiffusersRename> same_names() { return {{.folder = "", .single = ""}}; }

/// The longest row that `name` begins with: the whole name first, then up to each dot.
template <class Table>
std::pair<typename Table::const_iterator, std::size_t> longest(const Table& table,
                                                               const std::string& name) {
  for (std::size_t end = name.size();;) {
    const auto found = table.find(name.substr(0, end));
    if (found != table.end() || end == 0) return {found, end};
    const auto dot = end < 2 ? name.npos : name.rfind('.', end - 2);
    end = dot == name.npos ? 0 : dot + 1;
  }
}

}  // namespace

DiffusersNames::DiffusersNames(const std::vector<DiffusersRename>& rows) {
  for (const auto& row : rows) {
    if (row.to_single) by_folder_.emplace(row.folder, row);
    if (row.to_folder) by_single_.emplace(row.single, row);
  }
}

DiffusersNames DiffusersNames::of_folder(DiffusersPart part, const Names& names) {
  switch (part) {
    case DiffusersPart::UNet:
    case DiffusersPart::AddedUNet: {
      UNetBlocks blocks = unet_of_folder(names);
      blocks.added = part == DiffusersPart::AddedUNet;
      return DiffusersNames(unet_renames(blocks));
    }
    case DiffusersPart::Vae:
      return DiffusersNames(vae_renames(count_after(names, "encoder.down_blocks."),
                                        count_after(names, "encoder.down_blocks.0.resnets.")));
    case DiffusersPart::ClipText:
      break;
    case DiffusersPart::OpenClipText:
    case DiffusersPart::OpenClipPenultimate:
      return DiffusersNames(open_clip_renames(count_after(names, "text_model.encoder.layers."),
                                              part == DiffusersPart::OpenClipText));
    case DiffusersPart::ClipImage:
      return DiffusersNames(clip_image_renames(count_after(names, "vision_model.encoder.layers.")));
  }
  return DiffusersNames(same_names());
}

DiffusersNames DiffusersNames::of_single_file(DiffusersPart part, const Names& names) {
  switch (part) {
    case DiffusersPart::UNet:
    case DiffusersPart::AddedUNet: {
      UNetBlocks blocks = unet_of_single_file(names);
      blocks.added = part == DiffusersPart::AddedUNet;
      return DiffusersNames(unet_renames(blocks));
    }
    case DiffusersPart::Vae:
      return DiffusersNames(vae_renames(count_after(names, "encoder.down."),
                                        count_after(names, "encoder.down.0.block.")));
    case DiffusersPart::ClipText:
      break;
    case DiffusersPart::OpenClipText:
    case DiffusersPart::OpenClipPenultimate: {
      const bool all = part == DiffusersPart::OpenClipText;
      const int layers = count_after(names, "transformer.resblocks.");
      return DiffusersNames(open_clip_renames(all ? layers : layers - 1, all));
    }
    case DiffusersPart::ClipImage:
      return DiffusersNames(clip_image_renames(count_after(names, "transformer.resblocks.")));
  }
  return DiffusersNames(same_names());
}

std::optional<RenamedTensor> DiffusersNames::in_single_file(const std::string& folder_name) const {
  const auto [row, matched] = longest(by_folder_, folder_name);
  if (row == by_folder_.end()) return std::nullopt;
  return RenamedTensor{row->second.single + folder_name.substr(matched), row->second.change,
                       row->second.third};
}

std::vector<RenamedTensor> DiffusersNames::in_folder(const std::string& single_name) const {
  const auto [first, matched] = longest(by_single_, single_name);
  std::vector<RenamedTensor> made;
  if (first == by_single_.end()) return made;
  for (auto [row, end] = by_single_.equal_range(first->first); row != end; ++row) {
    made.push_back(
        {row->second.folder + single_name.substr(matched), row->second.change, row->second.third});
  }
  return made;
}

}  // namespace sfumato
