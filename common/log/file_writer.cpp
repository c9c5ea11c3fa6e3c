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

FileWriter::~FileWriter() {
    close();
}

bool FileWriter::open() {
    fd_ = ::open(settings_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
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
}

void FileWriter::rotate() {
    close();
    const auto numbered = [this](std::uint32_t number) {
        return settings_.path.string() + "." + std::to_string(number);
    };
    for (std::uint32_t number = settings_.keep; number > 1; --number) {
        ::rename(numbered(number - 1).c_str(), numbered(number).c_str());  // there may be none yet
    }
    if (::rename(settings_.path.c_str(), numbered(1).c_str()) != 0) {
        complain(errno);
    }
}

/// Once per trouble.
void FileWriter::complain(int error) {
    if (!std::exchange(complained_, true)) {
        logging::warn_of_sink("a log file cannot be written",
                              {{"file", settings_.path.string()}, {"reason", std::generic_category().message(error)}});
    }
}

std::uint64_t FileWriter::write(const Batch& batch, const Abandon&) {
    const bool full = settings_.max_size > 0 && size_ > 0 && size_ + batch.text.size() > settings_.max_size;
    if (fd_ >= 0 && full) {
        rotate();
    }
    if (fd_ < 0 && !open()) {
        return batch.lines.size();
    }
    if (torn_ && ::write(fd_, "\n", 1) == 1) {
        torn_ = false;
    }
    std::string_view rest = batch.text;
    while (!rest.empty()) {
        const ssize_t written = ::write(fd_, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            complain(errno);
            break;
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    const std::size_t done = batch.text.size() - rest.size();
    size_ += done;
    if (done > 0) {
        torn_ = batch.text[done - 1] != '\n';
        complained_ = complained_ && !rest.empty();
    }
    return static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
}

}  // namespace adit::logging
