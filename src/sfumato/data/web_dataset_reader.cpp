#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>

#include "sfumato/base/error.h"
#include "sfumato/data/web_dataset.h"
#include "sfumato/image/codecs.h"

namespace sfumato {
namespace {

constexpr std::uint64_t kMaxPicture = 256ull << 20, kMaxCaption = 1ull << 20,
                        kMaxJson = 16ull << 20;

struct Member {
  std::string path, key, extension;
  std::string bytes;
};

bool is_picture(const std::string& extension) {
  return extension == "png" || extension == "jpg" || extension == "jpeg" || extension == "webp";
}

std::uint64_t limit_of(const std::string& extension) {
  if (is_picture(extension)) return kMaxPicture;
  if (extension == "txt") return kMaxCaption;
  if (extension == "json") return kMaxJson;
  return 0;
}

/// The members of one tar that belong to samples, with bounded sizes.
class TarReader {
 public:
  explicit TarReader(const std::filesystem::path& path)
      : name_(path.string()), archive_(archive_read_new()) {
    archive_read_support_format_tar(archive_.get());
    check(archive_read_open_filename(archive_.get(), path.c_str(), 1 << 16));
  }

  const std::string& name() const { return name_; }

  std::optional<Member> next() {
    archive_entry* entry = nullptr;
    for (;;) {
      const int status = archive_read_next_header(archive_.get(), &entry);
      if (status == ARCHIVE_EOF) return std::nullopt;
      check(status);
      const char* path = archive_entry_pathname(entry);
      if (archive_entry_filetype(entry) != AE_IFREG || !path) continue;
      Member member = named(path);
      const std::uint64_t limit = limit_of(member.extension);
      if (limit == 0) continue;
      read(entry, limit, member);
      return member;
    }
  }

 private:
  struct Free {
    void operator()(archive* opened) const { archive_read_free(opened); }
  };

  static Member named(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::size_t dot = path.find('.', slash == std::string::npos ? 0 : slash + 1);
    Member member{.path = path, .key = path.substr(0, dot), .extension = "", .bytes = ""};
    if (dot != std::string::npos) member.extension = path.substr(dot + 1);
    for (char& c : member.extension) c = static_cast<char>(std::tolower((unsigned char)c));
    return member;
  }

  // The header's size may lie: memory grows only with what is really there, up to the limit.
  void read(archive_entry* entry, std::uint64_t limit, Member& member) {
    const auto stated = static_cast<std::uint64_t>(
        std::max<la_int64_t>(0, archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0));
    char block[1 << 15];
    for (;;) {
      if (stated > limit || member.bytes.size() > limit) {
        throw Error(ErrorKind::Corrupt, name_ + ": " + member.path + " is larger than " +
                                            std::to_string(limit) + " bytes");
      }
      const la_ssize_t count = archive_read_data(archive_.get(), block, sizeof block);
      if (count < 0) check(static_cast<int>(count));
      if (count <= 0) break;
      member.bytes.append(block, static_cast<std::size_t>(count));
    }
    if (member.bytes.size() < stated) {
      throw Error(ErrorKind::Corrupt, name_ + ": " + member.path + " ends too early");
    }
  }

  void check(int status) const {
    if (status >= ARCHIVE_WARN) return;
    const char* reason = archive_error_string(archive_.get());
    throw Error(ErrorKind::Corrupt,
                name_ + " is not a readable tar file: " + (reason ? reason : "unknown error"));
  }

  std::string name_;
  std::unique_ptr<archive, Free> archive_;
};

class WebDatasetReader : public SampleReader {
 public:
  explicit WebDatasetReader(std::vector<std::filesystem::path> shards)
      : shards_(std::move(shards)) {}

  bool next(Sample& sample) override {
    while (take_group()) {
      const auto picture = std::find_if(group_.begin(), group_.end(),
                                        [](const Member& m) { return is_picture(m.extension); });
      if (picture == group_.end()) continue;
      sample = {.key = picture->key,
                .image = decode_image(picture->bytes, tar_->name() + ": " + picture->path),
                .caption = text_of("txt"),
                .json = text_of("json")};
      while (!sample.caption.empty() && std::isspace((unsigned char)sample.caption.back())) {
        sample.caption.pop_back();
      }
      return true;
    }
    return false;
  }

 private:
  std::string text_of(const std::string& extension) {
    for (Member& m : group_) {
      if (m.extension == extension) return std::move(m.bytes);
    }
    return "";
  }

  // Collects the next run of members with one key.
  bool take_group() {
    for (;;) {
      if (!tar_) {
        if (at_ == shards_.size()) return false;
        tar_ = std::make_unique<TarReader>(shards_[at_++]);
        ahead_ = tar_->next();
      }
      group_.clear();
      while (ahead_ && (group_.empty() || ahead_->key == group_[0].key)) {
        if (group_.size() < 8) group_.push_back(std::move(*ahead_));
        ahead_ = tar_->next();
      }
      if (!group_.empty()) return true;
      tar_.reset();
    }
  }

  std::vector<std::filesystem::path> shards_;
  std::size_t at_ = 0;
  std::unique_ptr<TarReader> tar_;
  std::optional<Member> ahead_;
  std::vector<Member> group_;
};

}  // namespace

std::unique_ptr<SampleReader> read_web_dataset(std::vector<std::filesystem::path> shards) {
  return std::make_unique<WebDatasetReader>(std::move(shards));
}

}  // namespace sfumato
