// Keys, and TLS over streams that are no sockets.
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/net/memory_stream.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"
#include "common/tls/tls_stream.h"

using namespace adit;

namespace {

struct Outcome {
    net::Status client;
    net::Status server;
    std::string client_problem;
    std::string received;
};

net::Task<> run_client(tls::TlsStream& stream, Outcome& outcome, int& left, net::Worker& worker) {
    outcome.client = co_await stream.handshake();
    if (!outcome.client) {
        net::Chain data(stream.loop().blocks());
        data.append(std::string(100'000, 'x'));
        outcome.client = co_await stream.write_all(data);
        stream.end();
    }
    outcome.client_problem = stream.problem();
    if (--left == 0) {
        worker.stop();
    }
}

net::Task<> run_server(tls::TlsStream& stream, Outcome& outcome, int& left, net::Worker& worker) {
    outcome.server = co_await stream.handshake();
    while (!outcome.server) {
        outcome.server = co_await stream.receive();
        outcome.received += std::string(stream.input().gather(16384));
        stream.consume(stream.input().size());
    }
    if (outcome.server != net::Errc::end_of_stream) {
        stream.abort(net::Errc::reset);
    }
    if (--left == 0) {
        worker.stop();
    }
}

/// A handshake over a narrow pipe between a dialer that knows `pin` and an acceptor that accepts what `check` says.
Outcome handshake(const tls::PrivateKey& connector, tls::Spki pin, tls::PeerCheck check) {
    net::Worker worker(0);
    Outcome outcome;
    int left = 2;
    {
        const auto agent = tls::PrivateKey::generate_ed25519();
        const auto dialer = tls::Context::tunnel_dialer(*agent, {pin});
        const auto acceptor = tls::Context::tunnel_acceptor(connector, std::move(check));
        auto [one, other] = net::memory_pipe(worker.loop(), 1000);
        tls::TlsStream client(std::move(one), *dialer, tls::TlsStream::Side::client, "localhost");
        tls::TlsStream server(std::move(other), *acceptor, tls::TlsStream::Side::server);
        net::spawn(worker.context(), "client", run_client(client, outcome, left, worker));
        net::spawn(worker.context(), "server", run_server(server, outcome, left, worker));
        worker.run();
        worker.finish();
    }
    return outcome;
}

}  // namespace

TEST_CASE("a key is the same after a trip through its seed or PEM") {
    const auto key = tls::PrivateKey::generate_ed25519();
    CHECK(tls::PrivateKey::from_seed(key->seed())->spki() == key->spki());
    CHECK(tls::PrivateKey::from_pem(key->to_pem())->spki() == key->spki());
    CHECK(tls::Spki::parse(key->spki().text()) == key->spki());
    CHECK(tls::spki_of(tls::self_signed(*key, "x")->native()) == key->spki());
    CHECK_FALSE(tls::PrivateKey::from_pem("nonsense"));
}

TEST_CASE("an encrypted key is refused at once, without asking anybody, and leaves no error behind") {
    const auto key = tls::PrivateKey::generate_ed25519();
    const tls::Bio bio(BIO_new(BIO_s_mem()));
    char passphrase[] = "open";
    REQUIRE(PEM_write_bio_PrivateKey(bio.get(), key->native(), EVP_aes_128_cbc(), nullptr, 0, nullptr, passphrase) ==
            1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    const auto read = tls::PrivateKey::from_pem({text, static_cast<std::size_t>(size)});
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find("without a passphrase") != std::string::npos);
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("two ends that know each other's keys talk, however narrow the pipe") {
    const auto connector = tls::PrivateKey::generate_ed25519();
    const Outcome outcome =
        handshake(*connector, connector->spki(), [](const auto&) { return tls::Admission::accepted; });
    CHECK_FALSE(outcome.client);
    CHECK(outcome.server == net::Errc::end_of_stream);
    CHECK(outcome.received == std::string(100'000, 'x'));
}

TEST_CASE("a connector with another key is refused by the agent") {
    const auto connector = tls::PrivateKey::generate_ed25519();
    const Outcome outcome = handshake(*connector, {}, [](const auto&) { return tls::Admission::accepted; });
    CHECK(outcome.client == net::Errc::tls_handshake);
    CHECK(outcome.client_problem.find("not trusted") != std::string::npos);
}

TEST_CASE("an agent with an unknown key is refused by the connector") {
    const auto connector = tls::PrivateKey::generate_ed25519();
    const Outcome outcome =
        handshake(*connector, connector->spki(), [](const auto&) { return tls::Admission::unknown; });
    CHECK(outcome.server == net::Errc::tls_handshake);
}

TEST_CASE("a client whose name no certificate could be checked for fails with that reason, and sends nothing") {
    const auto checking = tls::Context::origin({}, {}, {});
    REQUIRE(checking);
    for (const std::string& name : {std::string(), std::string("fe80::1%lo"), std::string("a\0b", 3)}) {
        CAPTURE(name);
        net::Worker worker(0);
        Outcome outcome;
        int left = 1;
        {
            auto [one, other] = net::memory_pipe(worker.loop(), 1000);
            tls::TlsStream client(std::move(one), *checking, tls::TlsStream::Side::client, name);
            net::spawn(worker.context(), "client", run_client(client, outcome, left, worker));
            worker.run();
            CHECK(other->poll_receive() == net::Errc::would_block);
            worker.finish();
        }
        CHECK(outcome.client == net::Errc::tls_handshake);
        CHECK(outcome.client_problem == "no certificate can be checked for the name '" + name + "'");
    }
}
