// Lines as syslog messages (RFC 5424), by datagrams to a socket of the machine or by UDP (RFC 5426).
#pragma once

#include <string>
#include <string_view>

#include "common/log/writer.h"

namespace adit::logging {

struct SyslogIdentity {
    int facility = 3;  ///< RFC 5424 §6.2.1; 3: daemon
    std::string host;
    std::string program;
    std::string process;
};

/// One message; what is longer than a receiver must take is cut (RFC 5424 §6.1, with what today's receivers take).
std::string syslog_message(const SyslogIdentity& identity, Kind kind, const Line& line, std::string_view text);

/// The number of a facility by its name ("daemon", "local0"); -1 when there is none.
int syslog_facility(std::string_view name);

/// Waits for a local receiver that is full or away; what is lost on a network nobody knows.
class SyslogWriter final : public Writer {
  public:
    /// `address`: the path of a socket, which begins with '/', or host:port for UDP.
    SyslogWriter(std::string address, SyslogIdentity identity);
    ~SyslogWriter() override;

    std::uint64_t write(const Batch& batch, const Abandon& abandon) override;

  private:
    enum class Sent { yes, lost, gone };

    bool connect();
    bool connect_local();
    bool connect_udp();
    void close();
    void complain(const std::string& reason);
    bool await_connected(const Abandon& abandon);
    Sent send(const std::string& message, const Abandon& abandon);

    std::string address_;
    SyslogIdentity identity_;
    int fd_ = -1;
    bool complained_ = false;
};

}  // namespace adit::logging
