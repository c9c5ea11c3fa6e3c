// The settings of the operator's own server: where it is, who may ask, and what is written down.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/secret.h"
#include "common/net/address.h"
#include "common/net/socket_address.h"

namespace adit::config {

/// The admin server over TLS 1.3, and whose certificates it takes.
struct AdminTls {
    std::filesystem::path certificate;  ///< PEM chain
    std::filesystem::path key;          ///< PEM
    std::filesystem::path client_ca;    ///< PEM; nobody gets in without a certificate of these; empty: nobody is asked
    std::filesystem::path client_crl;   ///< PEM; certificates that were taken back
    std::vector<std::string> subjects = {};  ///< of the certificates that get in; empty: all of `client_ca`
    friend bool operator==(const AdminTls&, const AdminTls&) = default;
};

/// Who may ask: every setting that is there has to be met.
struct Admin {
    static constexpr std::uint32_t kMode = 0600;

    net::SocketAddress address;
    std::uint32_t mode = kMode;  ///< of a Unix socket, as the next
    std::string group = {};      ///< that the socket belongs to; empty: the one of the process
    SharedSecret token = {};     ///< empty: none is asked for
    std::optional<AdminTls> tls = {};
    std::filesystem::path audit = {};           ///< where changes are written down; empty: in the program's log
    std::optional<net::HostPort> metrics = {};  ///< only /live, /ready and /metrics, for those who watch from elsewhere
    friend bool operator==(const Admin&, const Admin&) = default;
};

}  // namespace adit::config
