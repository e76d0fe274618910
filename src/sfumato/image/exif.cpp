#include "sfumato/image/exif.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "sfumato/image/utf16.h"

namespace sfumato::codec_detail {
namespace {

using namespace std::string_view_literals;

// Tags and types of EXIF 2.3, sec. 4.6.
constexpr unsigned kExifPointer = 0x8769, kMakerNote = 0x927C, kUserComment = 0x9286;
constexpr unsigned kLong = 4, kUndefined = 7;
constexpr std::string_view kUnicode = "UNICODE\0"sv, kAscii = "ASCII\0\0\0"sv;
constexpr std::string_view kNoCode = "\0\0\0\0\0\0\0\0"sv;
constexpr std::string_view kOurNote = "sfumato\0"sv;
constexpr std::string_view kParameters = "parameters";

// ---- writing

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8 & 0xFF);
  out += static_cast<char>(value & 0xFF);
}
void put32(std::string& out, std::size_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xFFFF);
}
void put_entry(std::string& out, unsigned tag, unsigned type, std::size_t count,
               std::size_t value) {
  put16(out, tag);
  put16(out, type);
  put32(out, count);
  put32(out, value);
}

constexpr std::size_t kHeader = 8;
constexpr std::size_t directory_size(std::size_t entries) { return 2 + 12 * entries + 4; }

std::string maker_note(const ImageText& text) {
  nlohmann::json others = nlohmann::json::object();
  for (const auto& [key, value] : text) {
    if (key != kParameters) others[key] = value;
  }
  if (others.empty()) return "";
  const auto replace = nlohmann::json::error_handler_t::replace;
  return std::string(kOurNote) + others.dump(-1, ' ', false, replace);
}

// ---- reading

/// A TIFF structure in its own byte order; every access is checked.
struct Tiff {
  std::string_view bytes;
  bool big = true;

  std::optional<std::size_t> number(std::size_t at, int size) const {
    if (at > bytes.size() || bytes.size() - at < static_cast<std::size_t>(size)) return {};
    std::size_t value = 0;
    for (int i = 0; i < size; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[at + (big ? i : size - 1 - i)]);
      value = value << 8 | byte;
    }
    return value;
  }

  /// Where the entry of `tag` stands in the directory at `directory`.
  std::optional<std::size_t> entry(std::size_t directory, unsigned tag) const {
    const auto count = number(directory, 2);
    for (std::size_t i = 0; count && i < *count; ++i) {
      const std::size_t at = directory + 2 + 12 * i;
      const auto found = number(at, 2);
      if (!found) return {};
      if (*found == tag) return at;
    }
    return {};
  }

  /// The bytes of an entry of type UNDEFINED, BYTE or ASCII; "" when it lies.
  std::string_view content(std::size_t directory, unsigned tag) const {
    const auto at = entry(directory, tag);
    if (!at) return {};
    const auto type = number(*at + 2, 2), count = number(*at + 4, 4);
    const auto offset = count && *count <= 4 ? *at + 8 : number(*at + 8, 4);
    if (!type || !count || !offset || (*type != kUndefined && *type != 1 && *type != 2)) return {};
    if (*offset > bytes.size() || *count > bytes.size() - *offset) return {};
    return bytes.substr(*offset, *count);
  }
};

std::optional<Tiff> open_tiff(std::string_view block) {
  if (block.starts_with("Exif\0\0"sv)) block.remove_prefix(6);  // some writers put it into WebP too
  if (!block.starts_with("MM\0\x2A"sv) && !block.starts_with("II\x2A\0"sv)) return {};
  return Tiff{.bytes = block, .big = block.front() == 'M'};
}

std::string user_comment(std::string_view comment) {
  const std::string_view code = comment.substr(0, kUnicode.size());
  const std::string_view text = comment.substr(code.size());
  std::string result;
  if (code == kUnicode) {
    result = utf8_from_utf16(text);
  } else {
    result = valid_utf8(code == kAscii || code == kNoCode ? text : comment);
  }
  while (!result.empty() && result.back() == '\0') result.pop_back();
  return result;
}

void read_maker_note(std::string_view note, ImageText& text) {
  if (!note.starts_with(kOurNote)) return;
  note.remove_prefix(kOurNote.size());
  const auto json = nlohmann::json::parse(note, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) text[key] = value.get<std::string>();
  }
}

}  // namespace

std::string encode_exif(const ImageText& text) {
  const std::string note = maker_note(text);
  std::string comment;
  if (const auto at = text.find(std::string(kParameters)); at != text.end()) {
    comment = std::string(kUnicode) + utf16_from_utf8(at->second);
  }
  const std::size_t entries = (note.empty() ? 0 : 1) + (comment.empty() ? 0 : 1);
  if (entries == 0) return "";

  const std::size_t exif = kHeader + directory_size(1);
  const std::size_t data = exif + directory_size(entries);
  std::string block("MM\0\x2A"sv);
  put32(block, kHeader);
  put16(block, 1);
  put_entry(block, kExifPointer, kLong, 1, exif);
  put32(block, 0);  // no further directory
  put16(block, entries);
  if (!note.empty()) put_entry(block, kMakerNote, kUndefined, note.size(), data);
  if (!comment.empty()) {
    put_entry(block, kUserComment, kUndefined, comment.size(), data + note.size());
  }
  put32(block, 0);
  return block + note + comment;
}

ImageText decode_exif(std::string_view block) {
  ImageText text;
  const auto tiff = open_tiff(block);
  const auto directory = tiff ? tiff->number(4, 4) : std::nullopt;
  const auto pointer = directory ? tiff->entry(*directory, kExifPointer) : std::nullopt;
  const auto exif = pointer ? tiff->number(*pointer + 8, 4) : std::nullopt;
  if (!exif) return text;
  read_maker_note(tiff->content(*exif, kMakerNote), text);
  const std::string comment = user_comment(tiff->content(*exif, kUserComment));
  if (!comment.empty()) text[std::string(kParameters)] = comment;
  return text;
}

}  // namespace sfumato::codec_detail
