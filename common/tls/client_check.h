// How the certificates of clients are verified: their CAs, and the lists of what these have taken back (RFC 5280).
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/time.h"

namespace adit::tls {

/// Which certificates clients may, or must, show.
struct ClientCheck {
    std::filesystem::path ca;   ///< PEM, of those that have issued them; empty: nobody is asked for one
    std::filesystem::path crl;  ///< PEM, of the CAs that issue them; empty: none is taken back
    bool required = false;      ///< no handshake without one
    /// Every CA of a chain needs a list; false: the one that has issued the client's certificate does. Lists of the
    /// others count where they are there.
    bool crl_of_all = false;
};

/// A list, for those who have to bring the next one in time.
struct ListFacts {
    std::string issuer;    ///< its common name
    WallTime next_update;  ///< from then on its CA's certificates are refused
};

/// Has the clients of `context` asked, if there is a CA; its sessions must not be resumed then. The lists that were
/// read; an error names the file.
Result<std::vector<ListFacts>> ask_clients(SSL_CTX* context, const ClientCheck& clients);

/// The client's own certificate where these checks have refused it; null when they have not. OpenSSL itself keeps it
/// only when it is good. Lives as long as `ssl`.
const X509* refused_by_check(const SSL* ssl);

}  // namespace adit::tls
