// Reading and atomic writing; see file.h.
#include "common/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/random.h"

namespace adit {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

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

std::unexpected<Error> reason_of(int error) {
    return failure(error == ELOOP ? "it is a symbolic link; name what it leads to" : std::strerror(error));
}

std::filesystem::path directory_of(const std::filesystem::path& file) {
    return file.has_parent_path() ? file.parent_path() : ".";
}

/// Gives an open file that root has just made to the owner of an open directory; anybody else's stays theirs.
void give_to_owner_of(const Descriptor& directory, const Descriptor& made) {
    struct stat folder{};
    if (::geteuid() == 0 && ::fstat(directory.get(), &folder) == 0 && folder.st_uid != 0 &&
        ::fchown(made.get(), folder.st_uid, folder.st_gid) != 0) {
        return;  // it stays root's, and whoever cannot read it will say so
    }
}

/// What whoever started us has opened for us, such as a shell for <(command).
bool is_inherited(const std::filesystem::path& file) {
    const std::string& name = file.native();
    return name == "/dev/stdin" || name.starts_with("/dev/fd/") || name.starts_with("/proc/self/fd/");
}

Result<Descriptor> open_to_read(const std::filesystem::path& file, Pipes pipes) {
    const int how = O_RDONLY | O_CLOEXEC | O_NOCTTY;
    if (pipes == Pipes::any || is_inherited(file)) {
        Descriptor opened(::open(file.c_str(), how));
        return opened.get() < 0 ? Result<Descriptor>(system_error_of(file, true)) : std::move(opened);
    }
    Descriptor opened(::open(file.c_str(), how | O_NONBLOCK));
    if (opened.get() < 0 && errno == EWOULDBLOCK) {
        opened = Descriptor(::open(file.c_str(), how));  // somebody has a lease on it, which the kernel ends in time
    }
    struct stat found{};
    if (opened.get() < 0 || ::fstat(opened.get(), &found) != 0) {
        return system_error_of(file, true);
    }
    if (S_ISDIR(found.st_mode)) {
        errno = EISDIR;
        return system_error_of(file, true);
    }
    return S_ISREG(found.st_mode) ? Result<Descriptor>(std::move(opened))
                                  : usage_error(file.string() + ": it is no ordinary file");
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& file, std::size_t most, Pipes pipes) {
    const Result<Descriptor> opened = open_to_read(file, pipes);
    if (!opened) {
        return std::unexpected(opened.error());
    }
    const Descriptor& fd = *opened;
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

Result<> write_file_atomically(const std::filesystem::path& file, std::string_view content) {
    const std::filesystem::path directory = directory_of(file);
    const std::filesystem::path beside = directory / ("." + file.filename().string() + "." + random_base62(8));
    {
        const Descriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (fd.get() < 0) {
            return system_error_of(beside, false);
        }
        give_to_owner_of(Descriptor(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), fd);
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

Result<int> open_or_make(const std::filesystem::path& file, int flags) {
    const int how = flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;  // of a FIFO nobody waits for its other end
    const std::string name = file.filename();
    const Descriptor directory(::open(directory_of(file).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0) {
        return reason_of(errno);
    }
    Descriptor opened(::openat(directory.get(), name.c_str(), how));
    if (opened.get() < 0 && errno == ENOENT) {
        Descriptor made(::openat(directory.get(), name.c_str(), how | O_CREAT | O_EXCL, 0600));
        if (made.get() >= 0) {
            give_to_owner_of(directory, made);
            return made.release();
        }
        if (errno == EEXIST) {  // another process was quicker
            opened = Descriptor(::openat(directory.get(), name.c_str(), how));
        }
    }
    struct stat found{};
    if (opened.get() < 0 || ::fstat(opened.get(), &found) != 0) {
        return reason_of(errno);
    }
    return S_ISREG(found.st_mode) ? Result<int>(opened.release()) : failure("it is no ordinary file");
}

Result<> make_private_directory(const std::filesystem::path& directory) {
    std::error_code error;
    if (std::filesystem::is_directory(directory, error)) {
        return {};  // by a link, too: it may be kept elsewhere
    }
    const std::filesystem::path path = directory.has_filename() ? directory : directory.parent_path();
    const std::string name = path.filename();
    std::filesystem::create_directories(directory_of(path), error);
    const Descriptor above(::open(directory_of(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (above.get() < 0) {
        return reason_of(errno);
    }
    if (::mkdirat(above.get(), name.c_str(), 0700) != 0) {
        const int why = errno;  // another process may have been quicker
        return std::filesystem::is_directory(directory, error) ? Result<>() : reason_of(why);
    }
    const Descriptor made(::openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (made.get() < 0 || ::fchmod(made.get(), 0700) != 0) {  // whatever the umask left
        return reason_of(errno);
    }
    give_to_owner_of(above, made);
    return {};
}

}  // namespace adit
