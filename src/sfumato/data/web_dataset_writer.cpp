#include <archive.h>
#include <archive_entry.h>

#include <cstdio>
#include <ostream>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/data/web_dataset.h"
#include "sfumato/image/codecs.h"

namespace sfumato {

/// One tar under way, written through libarchive into an AtomicFile.
class WebDatasetWriter::Shard {
 public:
  explicit Shard(const std::filesystem::path& path)
      : path_(path), file_(path), archive_(archive_write_new()) {
    archive_write_set_format_ustar(archive_);
    archive_write_set_bytes_in_last_block(archive_, 1);
    const auto write = [](archive*, void* self, const void* bytes, std::size_t count) {
      std::ostream& out = static_cast<Shard*>(self)->file_.stream();
      out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count));
      return out ? static_cast<la_ssize_t>(count) : la_ssize_t(-1);
    };
    check(archive_write_open(archive_, this, nullptr, write, nullptr));
  }
  ~Shard() { archive_write_free(archive_); }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void add(const std::string& name, const std::string& bytes) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 0, 0);
    const int status = archive_write_header(archive_, entry);
    archive_entry_free(entry);
    check(status);
    if (archive_write_data(archive_, bytes.data(), bytes.size()) !=
        static_cast<la_ssize_t>(bytes.size())) {
      check(ARCHIVE_FATAL);
    }
  }
  void commit() {
    check(archive_write_close(archive_));
    file_.commit();
  }

 private:
  void check(int status) const {
    if (status >= ARCHIVE_OK) return;
    const char* reason = archive_error_string(archive_);
    throw Error(ErrorKind::Io,
                "cannot write " + path_.string() + (reason ? std::string(": ") + reason : ""),
                "is the disk full?");
  }

  std::filesystem::path path_;
  AtomicFile file_;
  archive* archive_;
};

std::string shard_name(const std::string& prefix, std::uint64_t index) {
  char number[24];
  std::snprintf(number, sizeof number, "-%06llu.tar", static_cast<unsigned long long>(index));
  return prefix + number;
}

WebDatasetWriter::WebDatasetWriter(std::filesystem::path folder, std::string prefix,
                                   std::uint64_t per_shard)
    : folder_(std::move(folder)), prefix_(std::move(prefix)), per_shard_(per_shard) {}

WebDatasetWriter::~WebDatasetWriter() = default;

void WebDatasetWriter::write(const Sample& sample) {
  if (!shard_) shard_ = std::make_unique<Shard>(folder_ / shard_name(prefix_, shards_++));
  shard_->add(sample.key + ".png", encode_png(sample.image));
  shard_->add(sample.key + ".txt", sample.caption);
  if (!sample.json.empty()) shard_->add(sample.key + ".json", sample.json);
  if (++in_shard_ == per_shard_) finish();
}

void WebDatasetWriter::finish() {
  if (!shard_) return;
  shard_->commit();
  shard_.reset();
  in_shard_ = 0;
}

}  // namespace sfumato
