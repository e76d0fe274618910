#include "sfumato/checkpoint/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path) {
  const int reason = errno;
  throw Error(reason == ENOENT ? ErrorKind::NotFound : ErrorKind::Io,
              path.string() + ": " + std::strerror(reason));
}

// All that are mapped now, by their first byte.
struct MappedFiles {
  std::mutex mutex;
  std::map<const char*, const MappedFile*> files;
};
MappedFiles& mapped_files() {
  static MappedFiles all;
  return all;
}

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

std::shared_ptr<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) fail(path);
  struct stat facts {};
  if (::fstat(file.number, &facts) != 0) fail(path);
  if (!S_ISREG(facts.st_mode)) throw Error(ErrorKind::Io, path.string() + ": not a regular file");

  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size == 0) return std::shared_ptr<MappedFile>(new MappedFile(nullptr, 0));
  // Writable but private: a tensor over the mapping may be changed in place without a crash.
  // No reserve: a file larger than the memory must still map.
  void* data =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.number, 0);
  if (data == MAP_FAILED) fail(path);
  return std::shared_ptr<MappedFile>(new MappedFile(static_cast<char*>(data), size));
}

std::shared_ptr<void> MappedFile::hold(std::string_view part) {
  return {data_, [file = shared_from_this(), part](void*) { file->forget(part); }};
}

void MappedFile::forget(std::string_view part) const {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + part.size()) / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

bool MappedFile::forget_if_mapped(std::string_view part) {
  MappedFiles& all = mapped_files();
  const std::lock_guard lock(all.mutex);
  auto next = all.files.upper_bound(part.data());
  if (next == all.files.begin()) return false;
  const MappedFile& file = *std::prev(next)->second;
  if (part.data() + part.size() > file.data_ + file.size_) return false;
  file.forget(part);
  return true;
}

MappedFile::MappedFile(char* data, std::size_t size) : data_(data), size_(size) {
  MappedFiles& all = mapped_files();
  const std::lock_guard lock(all.mutex);
  if (data_) all.files[data_] = this;
}

MappedFile::~MappedFile() {
  if (!data_) return;
  {
    MappedFiles& all = mapped_files();
    const std::lock_guard lock(all.mutex);
    all.files.erase(data_);
  }
  ::munmap(data_, size_);
}

}  // namespace sfumato
