// Forming and sending of syslog messages; see syslog_writer.h.
#include "common/log/syslog_writer.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "common/log/log.h"

namespace adit::logging {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMessageMost = 8192;  ///< what rsyslog and syslog-ng take unless they are told otherwise
constexpr std::chrono::milliseconds kConnectEvery = 1s;
constexpr std::chrono::milliseconds kBuffersWait = 20ms;

/// RFC 5424 §6.2.1, by number.
constexpr std::array<std::string_view, 24> kFacilities{"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                                       "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                                       "ntp",    "audit",  "alert",  "clockd", "local0",   "local1",
                                                       "local2", "local3", "local4", "local5", "local6",   "local7"};

int severity_of(Level level) {
    switch (level) {
        case Level::error:
            return 3;
        case Level::warn:
            return 4;
        case Level::info:
            return 6;
        default:
            return 7;
    }
}

std::string why(int error) {
    return std::generic_category().message(error);
}

}  // namespace

int syslog_facility(std::string_view name) {
    const auto* const found = std::ranges::find(kFacilities, name);
    return found == kFacilities.end() ? -1 : static_cast<int>(found - kFacilities.begin());
}

std::string syslog_message(const SyslogIdentity& identity, Kind kind, const Line& line, std::string_view text) {
    std::string message = "<" + std::to_string(identity.facility * 8 + severity_of(line.level)) + ">1 ";
    message += format_time_ms(line.at);
    for (const std::string& part : {identity.host, identity.program, identity.process}) {
        message += ' ';
        message += part.empty() ? "-" : part;
    }
    message += kind == Kind::access ? " access - " : " program - ";
    message += text;
    if (message.size() > kMessageMost) {
        std::size_t end = kMessageMost;
        while ((static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) {
            --end;  // not within a character of UTF-8
        }
        message.resize(end);
    }
    return message;
}

SyslogWriter::SyslogWriter(std::string address, SyslogIdentity identity)
    : address_(std::move(address)), identity_(std::move(identity)) {}

SyslogWriter::~SyslogWriter() {
    close();
}

void SyslogWriter::close() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

void SyslogWriter::complain(const std::string& reason) {
    if (!std::exchange(complained_, true)) {
        logging::warn_of_sink("syslog cannot be reached", {{"address", address_}, {"reason", reason}});
    }
}

bool SyslogWriter::connect() {
    return address_.starts_with('/') ? connect_local() : connect_udp();
}

bool SyslogWriter::connect_local() {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    address_.copy(to.sun_path, sizeof to.sun_path - 1);
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd_ >= 0 && ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
        return true;
    }
    complain(why(errno));
    close();
    return false;
}

bool SyslogWriter::connect_udp() {
    const std::size_t colon = address_.rfind(':');
    std::string host = address_.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), address_.substr(colon + 1).c_str(), &hints, &found); error != 0) {
        complain(::gai_strerror(error));
        return false;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
    for (const addrinfo* to = found; to != nullptr; to = to->ai_next) {
        fd_ = ::socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd_ >= 0 && ::connect(fd_, to->ai_addr, to->ai_addrlen) == 0) {
            return true;
        }
        complain(why(errno));
        close();
    }
    return false;
}

bool SyslogWriter::await_connected(const Abandon& abandon) {
    while (fd_ < 0 && !connect()) {
        if (abandon.await(kConnectEvery)) {
            return false;
        }
    }
    return true;
}

SyslogWriter::Sent SyslogWriter::send(const std::string& message, const Abandon& abandon) {
    for (;;) {
        if (::send(fd_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            complained_ = false;
            return Sent::yes;
        }
        const int error = errno;
        const bool local = address_.starts_with('/');
        if (error == EINTR) {
            continue;
        }
        if (error == EAGAIN || error == ENOBUFS) {
            // Of buffers that are short in the kernel poll() knows nothing.
            if (error == EAGAIN ? !abandon.await_writable(fd_) : abandon.await(kBuffersWait)) {
                return Sent::lost;
            }
        } else if (local && error != EMSGSIZE) {
            complain(why(error));
            return Sent::gone;  // the receiver was started anew, or will be
        } else {
            return Sent::lost;  // UDP tells so of an earlier datagram that nobody took
        }
    }
}

std::uint64_t SyslogWriter::write(const Batch& batch, const Abandon& abandon) {
    std::uint64_t lost = 0;
    batch.for_each([&](const Line& line, std::string_view text) {
        const std::string message = syslog_message(identity_, batch.kind, line, text);
        Sent sent = Sent::gone;
        while (sent == Sent::gone && await_connected(abandon)) {
            sent = send(message, abandon);
            if (sent == Sent::gone) {
                close();
            }
        }
        lost += sent == Sent::yes ? 0 : 1;
    });
    return lost;
}

}  // namespace adit::logging
