// TLS over any stream: the tunnel, the listeners and an origin inside a tunnel stream use this one class.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/net/budget.h"
#include "common/net/stream.h"
#include "common/tls/context.h"
#include "common/tls/peer_certificate.h"

namespace adit::tls {

/// Owns the stream below it. OpenSSL reads and writes memory only (a BIO of ours over the chains), so no socket, no
/// signal and no blocking is hidden in it, and many frames leave as few records.
class TlsStream final : public net::Stream {
  public:
    enum class Side { client, server };

    /// `server_name` is sent as SNI and, on a client whose context checks names, must match the certificate. Without
    /// one that can be checked, such a stream fails at its handshake, before a byte is sent.
    TlsStream(std::unique_ptr<net::Stream> below, const Context& context, Side side,
              const std::string& server_name = {});
    ~TlsStream() override;

    /// Client: the protocols offered by ALPN instead of the context's own. Before handshake().
    void offer(Alpn protocols);
    /// Agrees on keys. tls_handshake on failure: problem() says why in words. The caller bounds the time by abort().
    net::Task<net::Status> handshake();
    /// Whether the peer has said anything: who only looks whether a port is open has not.
    bool heard() const { return heard_; }
    /// OpenSSL's or the peer's reason (an alert) for the last failure.
    const std::string& problem() const { return problem_; }
    /// Whether the handshake failed for the certificate that the peer showed.
    bool distrusts_peer() const;
    /// Whether the stream ended with limit because its peer went on with TLS itself, by more key updates, tickets or
    /// wishes for another handshake than we bear.
    bool flooded() const { return flooded_; }
    /// The protocol chosen by ALPN; empty when none was.
    std::string_view alpn() const;
    /// "TLSv1.3", and the key exchange group.
    std::string_view version() const;
    /// The key of the peer's certificate; nothing when it showed none.
    std::optional<Spki> peer_spki() const;
    /// What the peer's certificate says, when the context has verified it; null when it showed none.
    std::shared_ptr<const PeerCertificate> peer_certificate() const;

    net::Status poll_receive() override;
    std::size_t write_some(net::Chain& from, std::size_t limit) override;
    bool flush() override;
    std::size_t waiting() const override { return cipher_out_.size() + below_->waiting(); }
    void end() override;
    void abort(net::Status why) override;
    void reset_on_close() override { below_->reset_on_close(); }
    net::Status status() const override { return status_ ? status_ : below_->status(); }
    const problem::Failure* failure() const override { return below_->failure(); }
    void on_hangup(net::HangupListener* listener) override { below_->on_hangup(listener); }
    bool established() const override { return below_->established(); }
    bool reusable() const override { return !status_ && !read_status_ && below_->reusable(); }
    net::Waiter& on_readable() override { return below_->on_readable(); }
    net::Waiter& on_writable() override { return below_->on_writable(); }

  private:
    static constexpr std::size_t kHeldMost = 4 * net::kBlockSize;     ///< ciphertext waiting for the stream below
    static constexpr std::size_t kReceiveMost = 4 * net::kBlockSize;  ///< plaintext taken per poll
    static constexpr std::size_t kReadMost = 4 * net::kBlockSize;     ///< ciphertext taken per poll that yields nothing
    /// Messages without data after the handshake: so many at once, and one a second. Each costs us new keys, or more,
    /// and its sender a few bytes. Who is honest changes keys after millions of records (RFC 8446 §5.5), and gives a
    /// few tickets.
    static constexpr std::int64_t kMessagesMost = 32;
    struct BioMethod;
    struct Free {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    void show_and_check(const std::string& server_name, bool check);
    net::Status failed(int ssl_error, net::Errc otherwise);
    void remember_problem();
    void watch_messages();
    net::Status give_up_flood();

    std::unique_ptr<net::Stream> below_;
    net::Chain cipher_out_;
    std::unique_ptr<SSL, Free> ssl_;
    net::Status status_;
    net::Status read_status_;
    bool unheard_ = false;  ///< OpenSSL read an end or an error behind the last bytes and has still to say so
    bool heard_ = false;    ///< something has come
    net::Budget messages_;  ///< that TLS itself may exchange after the handshake
    bool flooded_ = false;  ///< it has exchanged more
    std::size_t read_ = 0;  ///< ciphertext that this poll has taken
    std::string problem_;
};

}  // namespace adit::tls
