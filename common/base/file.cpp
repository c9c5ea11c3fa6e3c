// Reading and atomic writing; see file.h.
#include "common/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/random.h"

namespace adit {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

std::unexpected<Error> system_error_of(const std::filesystem::path& file, bool usage) {
    return std::unexpected(Error{file.string() + ": " + std::strerror(errno), usage});
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        content.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& file, std::size_t most) {
    const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) {
        return system_error_of(file, true);
    }
    // Into the text itself: many a file is a secret, which a buffer on the stack would outlive.
    std::string content(16 * 1024, '\0');
    for (std::size_t size = 0;;) {
        const ssize_t got = ::read(fd.get(), content.data() + size, content.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return system_error_of(file, true);
        }
        if (got == 0) {
            content.resize(size);
            return content;
        }
        size += static_cast<std::size_t>(got);
        if (size > most) {
            return usage_error(file.string() + ": larger than " + std::to_string(most) + " bytes");
        }
        if (size == content.size()) {
            content.resize(2 * size);
        }
    }
}

void give_to_owner_of(const std::filesystem::path& directory, int fd) {
    struct stat folder{};
    if (::geteuid() == 0 && ::stat(directory.c_str(), &folder) == 0 && folder.st_uid != 0 &&
        ::fchown(fd, folder.st_uid, folder.st_gid) != 0) {
        return;  // it stays root's, and whoever cannot read it will say so
    }
}

Result<> write_file_atomically(const std::filesystem::path& file, std::string_view content) {
    const std::filesystem::path directory = file.has_parent_path() ? file.parent_path() : ".";
    const std::filesystem::path beside = directory / ("." + file.filename().string() + "." + random_base62(8));
    {
        const Descriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (fd.get() < 0) {
            return system_error_of(beside, false);
        }
        give_to_owner_of(directory, fd.get());
        if (!write_all(fd.get(), content) || ::fsync(fd.get()) != 0) {
            auto error = system_error_of(beside, false);
            ::unlink(beside.c_str());
            return error;
        }
    }
    if (::rename(beside.c_str(), file.c_str()) != 0) {
        auto error = system_error_of(file, false);
        ::unlink(beside.c_str());
        return error;
    }
    const Descriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) {
        ::fsync(folder.get());
    }
    return {};
}

}  // namespace adit
