#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace sfumato {

/// One file inside a zip archive: where its bytes lie, stored or deflated.
struct ZipEntry {
  std::uint64_t begin;       ///< of its data in the archive
  std::uint64_t compressed;  ///< bytes in the archive
  std::uint64_t size;        ///< bytes when unpacked
  std::uint32_t crc;
  bool deflated;
};
using ZipIndex = std::map<std::string, ZipEntry>;

/// The checked table of contents of a zip archive (PKWARE APPNOTE 6.3, zip64 included). Throws
/// Corrupt for whatever does not lie inside the archive, names that occur twice, archives whose
/// end is missing and those that would unpack to far more than their own size; Unsupported for
/// encryption and other ways of compression. Names are only names: nothing is ever written.
ZipIndex read_zip_index(std::string_view archive, const std::string& name);

/// The unpacked bytes of an entry: a view of the archive when stored, otherwise of `owner`.
struct ZipData {
  std::string_view bytes;
  std::shared_ptr<void> owner;  ///< empty when the bytes lie in the archive
};

/// Throws Corrupt when the bytes do not have the size and the CRC-32 that the index states.
/// `what` is for messages: the archive and the entry.
ZipData read_zip_entry(std::string_view archive, const ZipEntry& entry, const std::string& what);

}  // namespace sfumato
