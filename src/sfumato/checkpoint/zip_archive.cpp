#include "sfumato/checkpoint/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/byte_reader.h"
#include "sfumato/checkpoint/utf8.h"

namespace sfumato {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034B50;
constexpr std::uint32_t kDirectoryEntry = 0x02014B50;
constexpr std::uint32_t kEnd = 0x06054B50;
constexpr std::uint32_t kEnd64 = 0x06064B50;
constexpr std::uint32_t kEnd64Locator = 0x07064B50;
constexpr std::uint64_t kEndSize = 22, kLocatorSize = 20, kEntrySize = 46;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // the number is in the zip64 field

// Weights hardly shrink; more than this is a bomb.
constexpr std::uint64_t kInflation = 20, kInflationFree = 1 << 20;

[[noreturn]] void corrupt_zip(const std::string& name, const std::string& what) {
  throw Error(ErrorKind::Corrupt, name + ": not a valid zip archive: " + what,
              "the file is damaged or cut short; fetch it again");
}

/// The table of contents as the end of the archive describes it.
struct Directory {
  std::uint64_t count, size, begin;
  std::uint64_t end;  ///< nothing of the directory lies behind this
};

/// The end record lies last, but for a comment whose length it states.
std::uint64_t find_end(std::string_view archive, const std::string& name) {
  if (archive.size() < kEndSize) corrupt_zip(name, "it is too short");
  const std::uint64_t last = archive.size() - kEndSize;
  const std::uint64_t longest = std::min<std::uint64_t>(last, 0xFFFF);
  for (std::uint64_t comment = 0; comment <= longest; ++comment) {
    ByteReader in(archive, name, last - comment);
    if (in.number<std::uint32_t>() != kEnd) continue;
    in.take(16);
    if (in.number<std::uint16_t>() == comment) return last - comment;
  }
  corrupt_zip(name, "its table of contents is missing (is it cut short?)");
}

Directory read_end64(std::string_view archive, std::uint64_t locator, const std::string& name) {
  ByteReader at(archive, name, locator + 8);
  ByteReader in(archive.substr(0, locator), name, at.number<std::uint64_t>());
  Directory directory{0, 0, 0, in.position()};
  if (in.number<std::uint32_t>() != kEnd64) corrupt_zip(name, "its zip64 end record is missing");
  in.take(28);
  directory.count = in.number<std::uint64_t>();
  directory.size = in.number<std::uint64_t>();
  directory.begin = in.number<std::uint64_t>();
  return directory;
}

Directory find_directory(std::string_view archive, const std::string& name) {
  const std::uint64_t end = find_end(archive, name);
  Directory directory{0, 0, 0, end};
  ByteReader in(archive, name, end + 10);
  directory.count = in.number<std::uint16_t>();
  directory.size = in.number<std::uint32_t>();
  directory.begin = in.number<std::uint32_t>();
  if (end >= kLocatorSize &&
      ByteReader(archive, name, end - kLocatorSize).number<std::uint32_t>() == kEnd64Locator) {
    directory = read_end64(archive, end - kLocatorSize, name);
  }
  if (directory.begin > directory.end || directory.size > directory.end - directory.begin ||
      directory.count > directory.size / kEntrySize) {
    corrupt_zip(name, "its table of contents does not fit into it");
  }
  return directory;
}

/// Numbers too large for their field, in this order, each only where its field says so.
void read_zip64_field(std::string_view extra, const std::string& name, ZipEntry& entry,
                      std::uint64_t& header) {
  ByteReader in(extra, name);
  while (in.remaining() >= 4) {
    const auto id = in.number<std::uint16_t>();
    const auto length = in.number<std::uint16_t>();
    const std::string_view field = in.take(length);
    if (id != 1) continue;
    ByteReader numbers(field, name);
    for (std::uint64_t* number : {&entry.size, &entry.compressed, &header}) {
      if (*number == kIn64) *number = numbers.number<std::uint64_t>();
    }
    return;
  }
}

/// Where the data begin: behind the entry's own header, which must agree with the directory.
std::uint64_t data_begin(std::string_view files, std::uint64_t header, const std::string& entry,
                         std::uint16_t method, const std::string& name) {
  ByteReader in(files, name, header);
  if (in.number<std::uint32_t>() != kLocalHeader)
    corrupt_zip(name, "the header of an entry is missing");
  in.take(2);
  const auto flags = in.number<std::uint16_t>();
  const auto own_method = in.number<std::uint16_t>();
  in.take(16);
  const auto name_length = in.number<std::uint16_t>();
  const auto extra_length = in.number<std::uint16_t>();
  if ((flags & 1) || own_method != method || in.take(name_length) != entry) {
    corrupt_zip(name, "the header of '" + printable(entry) + "' contradicts the table of contents");
  }
  in.take(extra_length);
  return in.position();
}

std::pair<std::string, ZipEntry> read_entry(ByteReader& in, std::string_view files,
                                            const std::string& name) {
  if (in.number<std::uint32_t>() != kDirectoryEntry) corrupt_zip(name, "an entry is missing");
  in.take(4);
  const auto flags = in.number<std::uint16_t>();
  const auto method = in.number<std::uint16_t>();
  in.take(4);
  ZipEntry entry{};
  entry.crc = in.number<std::uint32_t>();
  entry.compressed = in.number<std::uint32_t>();
  entry.size = in.number<std::uint32_t>();
  const auto name_length = in.number<std::uint16_t>();
  const auto extra_length = in.number<std::uint16_t>();
  const auto comment_length = in.number<std::uint16_t>();
  in.take(8);
  std::uint64_t header = in.number<std::uint32_t>();
  const std::string own_name(in.take(name_length));
  read_zip64_field(in.take(extra_length), name, entry, header);
  in.take(comment_length);

  if (flags & 1) {
    throw Error(ErrorKind::Unsupported, name + ": '" + printable(own_name) + "' is encrypted");
  }
  if (method != 0 && method != 8) {
    throw Error(ErrorKind::Unsupported, name + ": '" + printable(own_name) +
                                            "' is compressed by the unknown method " +
                                            std::to_string(method));
  }
  entry.deflated = method == 8;
  entry.begin = data_begin(files, header, own_name, method, name);
  if (entry.compressed > files.size() - entry.begin ||
      (!entry.deflated && entry.size != entry.compressed)) {
    corrupt_zip(name, "'" + printable(own_name) + "' does not fit into it");
  }
  return {own_name, entry};
}

std::shared_ptr<std::string> inflate_all(std::string_view packed, std::uint64_t size,
                                         const std::string& what) {
  auto unpacked = std::make_shared<std::string>(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) corrupt_zip(what, "it cannot be unpacked");
  // zlib counts in 32 bits.
  const auto portion = [](std::uint64_t left) {
    return static_cast<uInt>(std::min<std::uint64_t>(left, std::numeric_limits<uInt>::max()));
  };
  std::uint64_t read = 0, written = 0;
  int state = Z_OK;
  while (state == Z_OK) {
    const uInt in = portion(packed.size() - read), out = portion(size - written);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + read));
    stream.avail_in = in;
    stream.next_out = reinterpret_cast<Bytef*>(unpacked->data() + written);
    stream.avail_out = out;
    state = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += out - stream.avail_out;
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END || written != size || read != packed.size()) {
    corrupt_zip(what, "it does not unpack to the " + std::to_string(size) + " bytes it states");
  }
  return unpacked;
}

}  // namespace

ZipIndex read_zip_index(std::string_view archive, const std::string& name) {
  const Directory directory = find_directory(archive, name);
  const std::string_view files = archive.substr(0, directory.begin);
  const std::uint64_t end = directory.begin + directory.size;
  ByteReader in(archive.substr(0, end), name, directory.begin);

  ZipIndex index;
  std::uint64_t unpacked = 0;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    auto [entry_name, entry] = read_entry(in, files, name);
    if (entry.deflated && (__builtin_add_overflow(unpacked, entry.size, &unpacked) ||
                           unpacked > kInflationFree + kInflation * archive.size())) {
      corrupt_zip(name, "it would unpack to far more than its own size");
    }
    if (!index.emplace(entry_name, entry).second) {
      corrupt_zip(name, "the name '" + printable(entry_name) + "' occurs twice");
    }
  }
  if (in.position() != end) corrupt_zip(name, "its table of contents has more than it states");
  return index;
}

ZipData read_zip_entry(std::string_view archive, const ZipEntry& entry, const std::string& what) {
  ZipData data{archive.substr(entry.begin, entry.compressed), nullptr};
  if (entry.deflated) {
    auto unpacked = inflate_all(data.bytes, entry.size, what);
    data.bytes = *unpacked;
    data.owner = std::move(unpacked);
  }
  const auto crc = crc32_z(crc32_z(0, nullptr, 0),
                           reinterpret_cast<const Bytef*>(data.bytes.data()), data.bytes.size());
  if (crc != entry.crc) corrupt_zip(what, "its checksum (CRC-32) does not match its bytes");
  return data;
}

}  // namespace sfumato
