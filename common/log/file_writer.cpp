// Opening, writing and rotating; see file_writer.h.
#include "common/log/file_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/log/log.h"

namespace adit::logging {

namespace {

constexpr int kHow = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC;
constexpr mode_t kMode = 0640;

}  // namespace

Result<> FileWriter::usable(const std::filesystem::path& path) {
    // Of a FIFO nobody waits for its reader here, and one that is not there yet (ENXIO) may come.
    const int fd = ::open(path.c_str(), kHow | O_NONBLOCK, kMode);
    if (fd < 0) {
        const int error = errno;
        return error == ENXIO ? Result<>()
                              : usage_error("the log file " + path.string() +
                                            " cannot be written: " + std::generic_category().message(error));
    }
    ::close(fd);
    return {};
}

FileWriter::~FileWriter() {
    close();
}

bool FileWriter::open() {
    fd_ = ::open(settings_.path.c_str(), kHow, kMode);
    if (fd_ < 0) {
        complain(errno);
        return false;
    }
    struct stat info{};
    size_ = ::fstat(fd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
    torn_ = false;
    return true;
}

void FileWriter::close() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

void FileWriter::reopen() {
    close();
    immovable_ = false;
}

void FileWriter::rotate() {
    close();
    const auto numbered = [this](std::uint32_t number) {
        return settings_.path.string() + "." + std::to_string(number);
    };
    for (std::uint32_t number = settings_.keep; number > 1; --number) {
        static_cast<void>(::rename(numbered(number - 1).c_str(), numbered(number).c_str()));  // there may be none yet
    }
    if (::rename(settings_.path.c_str(), numbered(1).c_str()) != 0) {
        complain(errno);
        immovable_ = true;
    }
}

/// Once per trouble.
void FileWriter::complain(int error) {
    if (!std::exchange(complained_, true)) {
        logging::warn_of_sink("a log file cannot be written",
                              {{"file", settings_.path.string()}, {"reason", std::generic_category().message(error)}});
    }
}

/// As many whole lines from the front of `text` as the file has room for; one at least, into a file of its own.
std::string_view FileWriter::portion(std::string_view text) const {
    if (settings_.max_size == 0 || immovable_ || size_ + text.size() <= settings_.max_size) {
        return text;
    }
    const std::uint64_t room = settings_.max_size - std::min(size_, settings_.max_size);
    const std::size_t last = room == 0 ? std::string_view::npos : text.rfind('\n', static_cast<std::size_t>(room) - 1);
    if (last != std::string_view::npos) {
        return text.substr(0, last + 1);
    }
    return size_ == 0 ? text.substr(0, text.find('\n') + 1) : std::string_view();
}

std::uint64_t FileWriter::write(const Batch& batch, const Abandon&) {
    std::string_view rest = batch.text;
    while (!rest.empty()) {
        if (fd_ < 0 && !open()) {
            break;
        }
        const std::string_view lines = portion(rest);
        if (lines.empty()) {
            rotate();
            continue;
        }
        const std::size_t written = put(lines);
        rest.remove_prefix(written);
        if (written < lines.size()) {
            break;
        }
    }
    return static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
}

/// Returns how much was written.
std::size_t FileWriter::put(std::string_view lines) {
    if (torn_ && ::write(fd_, "\n", 1) == 1) {
        torn_ = false;
    }
    std::size_t done = 0;
    while (done < lines.size()) {
        const ssize_t written = ::write(fd_, lines.data() + done, lines.size() - done);
        if (written >= 0) {
            done += static_cast<std::size_t>(written);
        } else if (errno != EINTR) {
            complain(errno);
            break;
        }
    }
    size_ += done;
    if (done > 0) {
        torn_ = lines[done - 1] != '\n';
        complained_ = complained_ && done < lines.size();
    }
    return done;
}

}  // namespace adit::logging
