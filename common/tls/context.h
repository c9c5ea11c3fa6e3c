// What a TLS endpoint demands and shows, fixed before any connection: a wrapper of SSL_CTX for each use that we have.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/tls/certificate.h"
#include "common/tls/client_check.h"
#include "common/tls/key.h"
#include "common/tls/ocsp.h"

namespace adit::tls {

/// The ALPN name of reverse HTTP/2 (draft-thomson-ptth-potato).
inline constexpr std::string_view kReverseHttp2 = "rh2";

/// Protocols that may be agreed on by ALPN (RFC 7301), the preferred one first.
enum class Alpn { http1, http2_or_http1, http2 };
/// As they stand in the extension: each name after its length.
std::string_view wire_form(Alpn protocols);

/// What an acceptor thinks of a peer's key; each refusal reaches the peer as a TLS alert of its own.
enum class Admission { accepted, unknown, expired };

/// Asked once per handshake, on the thread that runs it.
using PeerCheck = std::function<Admission(const Spki&)>;

class TicketRing;

/// What a listener staples to the handshakes of one certificate.
struct OcspFacts {
    OcspResponse::Status status;
    WallTime next_update;  ///< it is stapled before this alone
};
struct Staple {
    std::string subject;
    bool wanted = false;  ///< the certificate asks clients to insist on one
    std::optional<OcspFacts> response = {};
};

/// Of TLS 1.2 towards origins: those with forward secrecy and authenticated encryption, or all that OpenSSL has.
enum class Suites { aead, any };

using CertificateSeen = std::function<void(const CertificateFacts&)>;

/// Immutable and shareable between the connections of one thread; streams keep what they need of it alive.
class Context {
  public:
    /// The connector's end of the tunnel: TLS 1.3, ALPN rh2, a self-signed certificate of `key`, and a client key that
    /// `check` accepts.
    static Result<Context> tunnel_acceptor(const PrivateKey& key, PeerCheck check);
    /// The agent's end: shows a self-signed certificate of `key`; the connector's key must be one of `pins`, or, when
    /// there are none, its certificate must be valid for the name under a CA that the system trusts. `seen` is told of
    /// each certificate that a connector shows, before it is accepted or refused, on the thread of the handshake.
    static Result<Context> tunnel_dialer(const PrivateKey& key, std::vector<Spki> pins, CertificateSeen seen = {});
    /// A certificate chain and its private key, as PEM files.
    struct Files {
        std::filesystem::path chain;
        std::filesystem::path key;
        std::filesystem::path ocsp_response = {};  ///< DER; empty: nothing is stapled
    };
    enum class Version { tls12, tls13 };
    /// A listener for clients: versions from `lowest` on, of 1.2 the suites that 1.3 would have taken. The first of
    /// `certificates` is shown unless another one has the name that the client asks for (SNI). Clients may be asked for
    /// certificates; one that is shown must be good, whether it is required or not. Sessions are resumed by tickets of
    /// `tickets` alone, and never where clients are asked: each certificate is verified anew.
    static Result<Context> listener(const std::vector<Files>& certificates, Version lowest, Alpn protocols,
                                    const ClientCheck& clients = {}, const std::shared_ptr<TicketRing>& tickets = {});
    /// Towards an origin: TLS 1.2 and newer, its certificate valid for the stream's name under the CAs in `ca` (the
    /// system's when empty); `chain` and `key` are shown to origins that ask, unless empty.
    static Result<Context> origin(const std::filesystem::path& ca, const std::filesystem::path& chain,
                                  const std::filesystem::path& key, Suites suites = Suites::aead);

    Context(Context&&) noexcept;
    Context& operator=(Context&&) noexcept;
    ~Context();

    SSL_CTX* native() const { return context_.get(); }
    /// Whether a client's stream must know the name that the certificate has to be valid for.
    bool checks_names() const;
    /// Those that this end shows.
    std::vector<CertificateFacts> certificates() const;
    /// Of a listener: what it staples, by certificate.
    const std::vector<Staple>& staples() const { return staples_; }
    /// Of a listener: by which it knows that a client's certificate was taken back.
    const std::vector<ListFacts>& revocation_lists() const { return revocation_lists_; }

  private:
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    struct ConnectorCheck;

    Context();
    static int choose_certificate(SSL* ssl, int* alert, void* argument);

    using Handle = std::unique_ptr<SSL_CTX, Free>;

    Result<Handle> show(const Files& files, Version lowest, Alpn protocols, const ClientCheck& clients,
                        const std::shared_ptr<TicketRing>& tickets);

    Handle context_;
    std::unique_ptr<PeerCheck> check_;
    std::unique_ptr<ConnectorCheck> connector_check_;
    std::unique_ptr<std::vector<Handle>> by_name_;  ///< those of a listener's further certificates
    std::vector<Staple> staples_;
    std::vector<ListFacts> revocation_lists_;
    bool checks_names_ = false;
};

}  // namespace adit::tls
