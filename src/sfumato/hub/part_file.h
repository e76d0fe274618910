#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "sfumato/base/cancel.h"
#include "sfumato/base/sha256.h"

namespace sfumato {

/// A file that arrives in pieces: NAME.part beside NAME, kept when the program stops and gone on
/// with when it runs again; an empty one is not kept. NAME.part.from says what the pieces are
/// pieces of. One process at a time may write it. The hash always is that of the bytes in the part.
class PartFile {
 public:
  /// `content` is one line that two different files never share: a hash, or an address. A part of
  /// something else is dropped, one of the same is hashed (which takes its time: seconds a
  /// gigabyte). Makes the folder. Throws Io with the system's reason.
  PartFile(std::filesystem::path path, std::string content, CancelToken cancel);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  std::uint64_t size() const { return size_; }
  /// The server's mark of the version whose bytes these are (the strong ETag), or "".
  const std::string& etag() const { return etag_; }

  /// Throws Io; a full disk is named as such and keeps what is there.
  void append(std::string_view bytes);
  /// Begins anew, with bytes of the version `etag`.
  void restart(const std::string& etag);
  /// The file appears under its name. Unless `sha256` is "" or right, the part is removed instead
  /// and Corrupt thrown.
  void finish(const std::string& sha256);
  /// Removes the part.
  void discard();

 private:
  void lock();
  void resume(CancelToken cancel);

  std::filesystem::path path_, part_, from_;
  std::string content_, etag_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  Sha256 hash_;
  bool finished_ = false;
};

/// Bytes of the file that lie in a part; 0 when there is none.
std::uint64_t begun_bytes(const std::filesystem::path& path);

/// SHA-256 of a file, in hex. Throws Io, or Cancelled.
std::string hashed_file(const std::filesystem::path& path, CancelToken cancel);

/// Throws Io when the disk of `path` has no room for so many more bytes.
void expect_room(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace sfumato
