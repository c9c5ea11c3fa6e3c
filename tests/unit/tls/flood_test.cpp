// Peers who go on with TLS itself when its handshake is over: each such message costs us much and them little.
#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <functional>

#include "common/net/memory_stream.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"
#include "common/tls/tls_stream.h"

using namespace adit;

namespace {

constexpr int kBearable = 32;  ///< TlsStream::kMessagesMost
constexpr int kFlood = 10'000;

using Say = std::function<bool(SSL*)>;

bool update_keys(SSL* ssl) {
    return SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl) == 1;
}

bool send_ticket(SSL* ssl) {
    return SSL_new_session_ticket(ssl) == 1 && SSL_do_handshake(ssl) == 1;
}

bool ask_for_a_new_handshake(SSL* ssl) {
    return SSL_renegotiate(ssl) == 1 && SSL_do_handshake(ssl) == 1;
}

/// OpenSSL without anything of ours around it, which says what a TlsStream never would.
class Rude {
  public:
    Rude(std::unique_ptr<net::Stream> stream, const tls::Context& context, tls::TlsStream::Side side)
        : stream_(std::move(stream)), ssl_(SSL_new(context.native()), &SSL_free) {
        SSL_set_bio(ssl_.get(), in_, out_);
        SSL_clear_options(ssl_.get(), SSL_OP_NO_RENEGOTIATION);
        side == tls::TlsStream::Side::client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
    }

    net::Task<> shake_hands() {
        while (SSL_do_handshake(ssl_.get()) != 1) {
            static_cast<void>(co_await push());
            if (co_await stream_->receive()) {
                co_return;
            }
            const std::string bytes(stream_->input().gather(stream_->input().size()));
            stream_->consume(bytes.size());
            BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
        }
        static_cast<void>(co_await push());
    }
    /// Takes nothing meanwhile.
    net::Task<> flood(Say say, int times) {
        bool said = true;
        for (int i = 0; i < times && said; ++i) {
            said = say(ssl_.get());
            if (co_await push()) {
                co_return;
            }
        }
        CHECK(said);
        SSL_write(ssl_.get(), "data", 4);
        static_cast<void>(co_await push());
        stream_->end();
    }

  private:
    net::Task<net::Status> push() {
        net::Chain out(stream_->loop().blocks());
        char* bytes = nullptr;
        const long size = BIO_get_mem_data(out_, &bytes);
        out.append({bytes, static_cast<std::size_t>(size)});
        BIO_reset(out_);
        co_return co_await stream_->write_all(out);
    }

    std::unique_ptr<net::Stream> stream_;
    BIO* in_ = BIO_new(BIO_s_mem());
    BIO* out_ = BIO_new(BIO_s_mem());
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

struct Borne {
    net::Status status;
    std::string received;
    std::string problem;
    bool flooded = false;
    std::size_t waiting = 0;
};

net::Task<> be_rude(Rude& rude, Say say, int times, int& left, net::Worker& worker) {
    co_await rude.shake_hands();
    co_await rude.flood(std::move(say), times);
    if (--left == 0) {
        worker.stop();
    }
}

net::Task<> bear(tls::TlsStream& stream, Borne& borne, int& left, net::Worker& worker) {
    borne.status = co_await stream.handshake();
    while (!borne.status) {
        borne.status = co_await stream.receive();
        borne.received += std::string(stream.input().gather(stream.input().size()));
        stream.consume(stream.input().size());
    }
    borne.problem = stream.problem();
    borne.flooded = stream.flooded();
    borne.waiting = stream.waiting();
    stream.abort(net::Errc::reset);
    if (--left == 0) {
        worker.stop();
    }
}

/// What a TlsStream on `side` makes of a peer that says this so often, and data behind it.
Borne borne_from(tls::TlsStream::Side side, int version, const Say& say, int times) {
    const auto connector = tls::PrivateKey::generate_ed25519();
    const auto agent = tls::PrivateKey::generate_ed25519();
    const auto dialer = tls::Context::tunnel_dialer(*agent, {connector->spki()});
    const auto acceptor =
        tls::Context::tunnel_acceptor(*connector, [](const auto&) { return tls::Admission::accepted; });
    for (const auto* context : {&*dialer, &*acceptor}) {
        SSL_CTX_set_min_proto_version(context->native(), version);
        SSL_CTX_set_max_proto_version(context->native(), version);
    }
    const bool serves = side == tls::TlsStream::Side::server;
    net::Worker worker(0);
    Borne borne;
    int left = 2;
    {
        auto [one, other] = net::memory_pipe(worker.loop(), 16'000);
        tls::TlsStream stream(std::move(one), serves ? *acceptor : *dialer, side, serves ? "" : "localhost");
        Rude rude(std::move(other), serves ? *dialer : *acceptor,
                  serves ? tls::TlsStream::Side::client : tls::TlsStream::Side::server);
        net::spawn(worker.context(), "a rude peer", be_rude(rude, say, times, left, worker));
        net::spawn(worker.context(), "who bears it", bear(stream, borne, left, worker));
        worker.run();
        worker.finish();
    }
    return borne;
}

}  // namespace

TEST_CASE("who floods us with messages of TLS itself is given up, whatever they are and whichever side we are") {
    using enum tls::TlsStream::Side;
    struct Flood {
        std::string name;
        tls::TlsStream::Side side;
        int version;
        Say say;
    };
    const Flood floods[] = {{"keys that a client changes", server, TLS1_3_VERSION, update_keys},
                            {"keys that a server changes", client, TLS1_3_VERSION, update_keys},
                            {"tickets of a server", client, TLS1_3_VERSION, send_ticket},
                            {"handshakes that a server asks for", client, TLS1_2_VERSION, ask_for_a_new_handshake}};
    for (const auto& [name, side, version, say] : floods) {
        CAPTURE(name);
        const Borne borne = borne_from(side, version, say, kFlood);
        CHECK(borne.status == net::Errc::limit);
        CHECK(borne.flooded);
        CHECK(borne.problem.find("after the handshake") != std::string::npos);
        CHECK(borne.received.empty());
        CHECK(borne.waiting < 20'000);
    }
}

TEST_CASE("a peer that changes its keys now and then, or gives tickets, is borne") {
    using enum tls::TlsStream::Side;
    for (const auto& [side, say] : {std::pair{server, Say(update_keys)}, {client, Say(send_ticket)}}) {
        const Borne borne = borne_from(side, TLS1_3_VERSION, say, kBearable);
        CHECK(borne.received == "data");
        CHECK_FALSE(borne.flooded);
        CHECK(borne.status == net::Errc::truncated);
    }
}
