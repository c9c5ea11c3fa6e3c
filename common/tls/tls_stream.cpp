// OpenSSL between two chains; see tls_stream.h.
#include "common/tls/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "common/net/address.h"

namespace adit::tls {
namespace {

constexpr std::size_t kRecord = 16 * 1024;
constexpr std::size_t kSmall = 4 * 1024;  ///< is sent as one record

/// SSL_get_error() looks at this thread's queue of errors, so what others left there must go. It is nearly always
/// empty, and emptying it costs much more than a look.
void forget_errors() {
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

}  // namespace

/// OpenSSL's view of the chains: reads come from the input of the stream below, writes collect in cipher_out_.
struct TlsStream::BioMethod {
    static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* out, std::size_t size, std::size_t* got) {
        BIO_clear_retry_flags(bio);
        TlsStream& self = stream(bio);
        net::Stream& below = *self.below_;
        const std::string_view front = below.input().front();
        if (front.empty() || self.flooded_) {  // OpenSSL reads on behind messages of its own as long as there are any
            BIO_set_retry_read(bio);
            return 0;
        }
        *got = std::min(size, front.size());
        std::copy_n(front.data(), *got, out);
        below.consume(*got);
        self.read_ += *got;
        return 1;
    }
    static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* taken) {
        stream(bio).cipher_out_.append({bytes, size});
        *taken = size;
        return 1;
    }
    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

    static const BIO_METHOD* get() {
        static const BIO_METHOD* const method = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "adit stream");
            BIO_meth_set_read_ex(made, read);
            BIO_meth_set_write_ex(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        return method;
    }
};

TlsStream::TlsStream(std::unique_ptr<net::Stream> below, const Context& context, Side side,
                     const std::string& server_name)
    : Stream(below->loop()),
      below_(std::move(below)),
      cipher_out_(loop().blocks()),
      ssl_(SSL_new(context.native())),
      messages_(kMessagesMost, 1, loop().now()) {
    BIO* bio = BIO_new(BioMethod::get());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    if (side == Side::server) {
        SSL_set_accept_state(ssl_.get());
        return;
    }
    SSL_set_connect_state(ssl_.get());
    show_and_check(server_name, context.checks_names());
}

TlsStream::~TlsStream() = default;

void TlsStream::show_and_check(const std::string& server_name, bool check) {
    const bool literal = net::HostPort{server_name, 0}.literal().has_value();
    if (!server_name.empty() && !literal) {
        SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());  // RFC 6066 §3: no IP literals
    }
    if (!check) {
        return;
    }
    // OpenSSL takes no address with a zone, and an empty name as leave to check none.
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl_.get());
    // RFC 9110 §4.3.4: a common name is no reference to a host, not even where there is no subjectAltName.
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const int taken = server_name.empty() ? 0
                      : literal           ? X509_VERIFY_PARAM_set1_ip_asc(parameters, server_name.c_str())
                                : X509_VERIFY_PARAM_set1_host(parameters, server_name.data(), server_name.size());
    if (taken != 1) {
        ERR_clear_error();
        problem_ = "no certificate can be checked for the name '" + server_name + "'";
        status_ = read_status_ = net::Errc::tls_handshake;
    }
}

void TlsStream::offer(Alpn protocols) {
    const std::string_view list = wire_form(protocols);
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
}

net::Task<net::Status> TlsStream::handshake() {
    while (!status_) {
        forget_errors();
        const int result = SSL_do_handshake(ssl_.get());
        flush();
        if (result == 1) {
            watch_messages();
            co_return status();
        }
        const int error = SSL_get_error(ssl_.get(), result);
        if (error != SSL_ERROR_WANT_READ) {
            co_return failed(error, net::Errc::tls_handshake);
        }
        const net::Status received = co_await below_->receive();
        heard_ = heard_ || !below_->input().empty();
        if (received && below_->input().empty()) {
            problem_ = "the connection ended during the TLS handshake (" + received.message() + ")";
            status_ = received == net::Errc::timed_out ? received : net::Status(net::Errc::tls_handshake);
        }
    }
    co_return status_;
}

/// What is not data: messages of the handshake's kind that come (key updates, tickets, HelloRequest), and the warnings
/// by which we refuse new handshakes, some of which OpenSSL shows to nobody.
void TlsStream::watch_messages() {
    const auto count = [](int ours, int, int type, const void* bytes, std::size_t size, SSL*, void* argument) {
        const bool came = ours == 0 && type == SSL3_RT_HANDSHAKE;
        const auto* alert = static_cast<const unsigned char*>(bytes);
        const bool refused = ours == 1 && type == SSL3_RT_ALERT && size == 2 && alert[1] == SSL_AD_NO_RENEGOTIATION;
        if (came || refused) {
            auto& self = *static_cast<TlsStream*>(argument);
            self.flooded_ = !self.messages_.spend(self.loop().now()) || self.flooded_;
        }
    };
    SSL_set_msg_callback(ssl_.get(), count);
    SSL_set_msg_callback_arg(ssl_.get(), this);
}

net::Status TlsStream::give_up_flood() {
    problem_ = "the peer sends more messages of TLS itself after the handshake than are borne (key updates and such)";
    return status_ = read_status_ = net::Errc::limit;
}

net::Status TlsStream::failed(int ssl_error, net::Errc otherwise) {
    remember_problem();
    status_ = ssl_error == SSL_ERROR_ZERO_RETURN ? net::Errc::end_of_stream : otherwise;
    read_status_ = status_;
    return status_;
}

void TlsStream::remember_problem() {
    const long verify = SSL_get_verify_result(ssl_.get());
    const unsigned long error = ERR_peek_last_error();
    if (verify != X509_V_OK && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
        problem_ = X509_verify_cert_error_string(verify);
        if (verify == X509_V_ERR_HOSTNAME_MISMATCH || verify == X509_V_ERR_IP_ADDRESS_MISMATCH) {
            problem_ += ": the certificate has no such subjectAltName (its common name does not count)";
        }
    } else if (error != 0) {
        const char* reason = ERR_reason_error_string(error);
        problem_ = reason == nullptr ? "unknown TLS error" : reason;
    } else {
        problem_ = "the peer closed the connection";
    }
    ERR_clear_error();
}

bool TlsStream::distrusts_peer() const {
    return status_ && SSL_get_verify_result(ssl_.get()) != X509_V_OK;
}

std::string_view TlsStream::alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

std::string_view TlsStream::version() const {
    return SSL_get_version(ssl_.get());
}

std::optional<Spki> TlsStream::peer_spki() const {
    X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    return certificate == nullptr ? std::nullopt : std::optional(spki_of(certificate));
}

std::shared_ptr<const PeerCertificate> TlsStream::peer_certificate() const {
    const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) {
        return nullptr;
    }
    return std::make_shared<const PeerCertificate>(peer_certificate_of(certificate));
}

net::Status TlsStream::poll_receive() {
    if (read_status_) {
        return read_status_;
    }
    std::size_t received = 0;
    read_ = 0;
    // OpenSSL takes no byte too many from below, so with nothing there it can only say that it wants some.
    bool wants = !unheard_ && SSL_pending(ssl_.get()) == 0 && below_->input().empty();
    for (;;) {
        if (flooded_) {
            return give_up_flood();
        }
        if (wants && read_ >= kReadMost) {
            on_readable().wake();  // others' turn: there may be more to come, and no data in it
            return net::Errc::would_block;
        }
        if (wants) {
            if (const net::Status below = below_->poll_receive()) {
                if (below == net::Errc::would_block) {
                    flush();  // answers of TLS itself, such as a key update
                    return below;
                }
                // RFC 8446 §6.1: an end without close_notify may be an attacker's cut.
                return read_status_ = below == net::Errc::end_of_stream ? net::Status(net::Errc::truncated) : below;
            }
        }
        iovec area;
        input().prepare(&area, 1, kRecord);
        std::size_t got = 0;
        forget_errors();
        const int result = SSL_read_ex(ssl_.get(), area.iov_base, area.iov_len, &got);
        input().commit(got);
        received += got;
        const bool more = SSL_pending(ssl_.get()) > 0 || !below_->input().empty();
        if (result == 1 && more && received < kReceiveMost) {
            wants = false;
            continue;
        }
        const int error = SSL_get_error(ssl_.get(), result);
        if (received > 0) {
            unheard_ = result != 1 && error != SSL_ERROR_WANT_READ;
            return {};
        }
        if (error == SSL_ERROR_ZERO_RETURN) {
            return read_status_ = net::Errc::end_of_stream;
        }
        if (error != SSL_ERROR_WANT_READ) {
            flush();  // an alert tells the peer what we did not like
            return failed(error, net::Errc::protocol);
        }
        wants = true;
    }
}

std::size_t TlsStream::write_some(net::Chain& from, std::size_t limit) {
    if (status() || (cipher_out_.size() >= kHeldMost && !flush())) {
        return 0;
    }
    std::size_t taken = 0;
    while (taken < limit && !from.empty() && cipher_out_.size() < kHeldMost) {
        // A head and its small body stand in two blocks; two records would cost more than the copy.
        const std::string_view front = from.size() <= kSmall ? from.gather(from.size()) : from.front();
        const std::string_view piece = front.substr(0, std::min(limit - taken, kRecord));
        std::size_t written = 0;
        forget_errors();
        if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &written) != 1) {
            static_cast<void>(failed(SSL_get_error(ssl_.get(), 0), net::Errc::protocol));
            return taken;
        }
        from.consume(written);
        taken += written;
    }
    flush();
    return taken;
}

bool TlsStream::flush() {
    if (!cipher_out_.empty()) {
        below_->write_some(cipher_out_, cipher_out_.size());
    }
    return cipher_out_.empty() && below_->flush();
}

void TlsStream::end() {
    if (!status() && SSL_is_init_finished(ssl_.get())) {
        forget_errors();
        SSL_shutdown(ssl_.get());
        flush();
    }
    below_->end();
}

void TlsStream::abort(net::Status why) {
    if (!status_) {
        status_ = why;
    }
    read_status_ = why;
    below_->abort(why);
}

}  // namespace adit::tls
