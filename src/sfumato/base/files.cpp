#include "sfumato/base/files.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sfumato/base/error.h"

namespace sfumato {
namespace fs = std::filesystem;

std::string read_file(const fs::path& path, std::size_t limit) {
  std::error_code failure;
  if (!fs::exists(path, failure)) {
    throw Error(ErrorKind::NotFound, "no such file: " + path.string());
  }
  if (fs::is_directory(path)) {
    throw Error(ErrorKind::InvalidArgument, path.string() + " is a folder, expected a file");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorKind::Io, "cannot read " + path.string() + ": " + strerror(errno));
  std::string bytes;
  char block[1 << 16];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    bytes.append(block, static_cast<std::size_t>(in.gcount()));
    if (bytes.size() > limit) {
      throw Error(ErrorKind::Corrupt,
                  path.string() + " is larger than " + std::to_string(limit) + " bytes");
    }
  }
  if (in.bad()) throw Error(ErrorKind::Io, "cannot read " + path.string());
  return bytes;
}

AtomicFile::AtomicFile(fs::path path)
    : path_(std::move(path)), temporary_(path_.string() + ".partial-" + std::to_string(getpid())) {
  out_.open(temporary_, std::ios::binary | std::ios::trunc);
  if (!out_) {
    throw Error(ErrorKind::Io, "cannot write " + path_.string() + ": " + strerror(errno),
                "check that the folder exists and is writable");
  }
}

AtomicFile::~AtomicFile() {
  if (committed_) return;
  out_.close();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void AtomicFile::commit() {
  out_.close();
  if (!out_) throw Error(ErrorKind::Io, "cannot write " + path_.string(), "is the disk full?");
  std::error_code failure;
  fs::rename(temporary_, path_, failure);
  if (failure) {
    throw Error(ErrorKind::Io, "cannot write " + path_.string() + ": " + failure.message());
  }
  committed_ = true;
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.stream().write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.commit();
}

void make_folder(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure || !fs::is_directory(path)) {
    throw Error(ErrorKind::Io, "cannot make the folder " + path.string() + ": " +
                                   (failure ? failure.message() : "a file of that name exists"));
  }
}

}  // namespace sfumato
