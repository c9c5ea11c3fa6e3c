// Who asks a status server, and whether he may: decided at one place, before any handler. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/secret.h"
#include "common/net/address.h"
#include "common/tls/peer_certificate.h"

namespace adit::status {

/// What everybody has to show; all that is set.
struct Demands {
    SharedSecret token = {};                 ///< as Authorization: Bearer (RFC 6750 §2.1); empty: none
    bool certificate = false;                ///< TLS has asked for one
    std::vector<std::string> subjects = {};  ///< of certificates: a whole subject or an alternative name; empty: any
};

/// What a connection says of the other end.
struct Peer {
    /// Of a Unix socket, by the kernel's word (SO_PEERCRED, unix(7)).
    struct Process {
        std::uint32_t user = 0;
        std::string user_name = {};  ///< empty: the system knows none
        std::int32_t id = 0;
    };
    std::optional<Process> process = {};
    net::Address address = {};  ///< else
    std::shared_ptr<const tls::PeerCertificate> certificate = {};
};

/// As logs name him.
struct Caller {
    std::string who;   ///< "root (uid 0)", "CN=ops,O=Example", "token", "loopback"
    std::string from;  ///< "unix socket, process 4711", "10.0.0.5:50000"
};

/// As far as the connection alone tells.
Caller caller_of(const Peer& peer);

/// Its subject and first alternative name.
std::string name_of(const tls::PeerCertificate& certificate);

struct Refusal {
    enum class Why { no_certificate, certificate, no_token, token, page, handshake, silent };
    static constexpr std::size_t kWhys = 7;

    int status;          ///< 401: show what was not shown; 403: what was shown is not enough
    std::string reason;  ///< a sentence
    Why why;

    /// Something was shown, and it is wrong: somebody may be guessing.
    bool wrong_proof() const { return why == Why::certificate || why == Why::token; }
};

/// For metrics: "no_certificate" and so on, as they are called here.
std::string_view name_of(Refusal::Why why);

/// Whether `peer` may ask, with the Authorization that the request has.
std::expected<Caller, Refusal> admit(const Demands& demands, const Peer& peer,
                                     std::optional<std::string_view> authorization);

}  // namespace adit::status
