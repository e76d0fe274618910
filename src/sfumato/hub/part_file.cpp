#include "sfumato/hub/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "sfumato/base/bytes_text.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"

namespace sfumato {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kHashPiece = 1 << 20;  // bytes

[[noreturn]] void cannot_write(const fs::path& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  throw Error(ErrorKind::Io, "cannot write " + path.string() + ": " + strerror(errno),
              full ? "make room, then pull again: what came is kept"
                   : "check that the folder exists and is writable");
}

fs::path part_of(const fs::path& path) { return path.string() + ".part"; }

/// Adds what can be read from here on; returns the number of bytes.
std::uint64_t hash_rest(int file, const fs::path& path, Sha256& hash, CancelToken cancel) {
  std::string piece(kHashPiece, '\0');
  for (std::uint64_t all = 0;;) {
    cancel.throw_if_cancelled();
    const ssize_t count = ::read(file, piece.data(), piece.size());
    if (count < 0) {
      throw Error(ErrorKind::Io, "cannot read " + path.string() + ": " + strerror(errno));
    }
    if (count == 0) return all;
    hash.update(std::string_view(piece).substr(0, std::size_t(count)));
    all += std::uint64_t(count);
  }
}

}  // namespace

PartFile::PartFile(fs::path path, std::string content, CancelToken cancel)
    : path_(std::move(path)),
      part_(part_of(path_)),
      from_(path_.string() + ".part.from"),
      content_(std::move(content)) {
  if (path_.has_parent_path()) make_folder(path_.parent_path());
  file_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) cannot_write(part_);
  try {
    lock();
    resume(cancel);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

PartFile::~PartFile() {
  if (size_ == 0 && !finished_) discard();
  ::close(file_);
}

void PartFile::lock() {
  const bool taken = ::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  // The other one may have given the file its final name just now.
  struct stat opened, named;
  const bool same = ::fstat(file_, &opened) == 0 && ::stat(part_.c_str(), &named) == 0 &&
                    opened.st_ino == named.st_ino;
  if (!taken && same) return;
  throw Error(ErrorKind::Io, part_.string() + " is being written by another program",
              "wait until it is done");
}

void PartFile::resume(CancelToken cancel) {
  std::ifstream from(from_);
  std::string content;
  if (!std::getline(from, content) || content != content_) return restart("");
  std::getline(from, etag_);
  size_ = hash_rest(file_, part_, hash_, cancel);
}

void PartFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) cannot_write(part_);
    const auto written = bytes.substr(0, std::size_t(count));
    hash_.update(written);
    size_ += written.size();
    bytes.remove_prefix(written.size());
  }
}

void PartFile::restart(const std::string& etag) {
  if (::ftruncate(file_, 0) != 0 || ::lseek(file_, 0, SEEK_SET) != 0) cannot_write(part_);
  hash_ = Sha256();
  size_ = 0;
  etag_ = etag;
  write_file_atomically(from_, content_ + "\n" + etag_ + "\n");
}

void PartFile::finish(const std::string& sha256) {
  const std::string found = hash_.hex();
  if (!sha256.empty() && found != sha256) {
    discard();
    throw Error(ErrorKind::Corrupt,
                path_.string() + ": the SHA-256 is " + found + ", expected " + sha256,
                "what came is removed: pull again");
  }
  std::error_code failure;
  fs::rename(part_, path_, failure);
  if (failure) {
    throw Error(ErrorKind::Io, "cannot write " + path_.string() + ": " + failure.message());
  }
  finished_ = true;
  fs::remove(from_, failure);
}

void PartFile::discard() {
  std::error_code ignored;
  fs::remove(part_, ignored);
  fs::remove(from_, ignored);
}

std::string hashed_file(const fs::path& path, CancelToken cancel) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    throw Error(ErrorKind::Io, "cannot read " + path.string() + ": " + strerror(errno));
  }
  Sha256 hash;
  try {
    hash_rest(file, path, hash, cancel);
  } catch (...) {
    ::close(file);
    throw;
  }
  ::close(file);
  return hash.hex();
}

std::uint64_t begun_bytes(const fs::path& path) {
  std::error_code absent;
  const std::uintmax_t bytes = fs::file_size(part_of(path), absent);
  return absent ? 0 : bytes;
}

void expect_room(const fs::path& path, std::uint64_t bytes) {
  fs::path folder = fs::absolute(path);
  std::error_code failure;
  while (!fs::exists(folder, failure) && folder.has_relative_path()) folder = folder.parent_path();
  const fs::space_info space = fs::space(folder, failure);
  if (failure || space.available >= bytes) return;
  throw Error(ErrorKind::Io,
              "the disk of " + path.string() + " has " + bytes_text(space.available) +
                  " left, but " + bytes_text(bytes) + " are to come",
              "make room, or give another folder with --models-dir or --out");
}

}  // namespace sfumato
