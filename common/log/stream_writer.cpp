// Writing to descriptors that block, without being blocked for good; see stream_writer.h.
#include "common/log/stream_writer.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string_view>

namespace adit::logging {

StreamWriter::StreamWriter(int fd) : fd_(fd), nature_(Nature::other) {
    struct stat info{};
    if (::fstat(fd, &info) == 0) {
        nature_ = S_ISREG(info.st_mode) ? Nature::file : S_ISSOCK(info.st_mode) ? Nature::socket : Nature::other;
    }
}

std::uint64_t StreamWriter::write(const Batch& batch, const Abandon& abandon) {
    std::string_view rest = batch.text;
    while (!rest.empty()) {
        ssize_t written = -1;
        if (nature_ == Nature::file) {
            written = ::write(fd_, rest.data(), rest.size());
        } else if (!abandon.await_writable(fd_)) {
            break;
        } else if (nature_ == Nature::socket) {
            written = ::send(fd_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        } else {
            // pipe(7): one that poll() calls writable takes PIPE_BUF bytes without blocking.
            written = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
        }
        if (written >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR && errno != EAGAIN) {
            break;
        }
    }
    return static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
}

}  // namespace adit::logging
