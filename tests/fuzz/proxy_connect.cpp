// What a forward proxy answers to our CONNECT, whole and in pieces. The first byte says how long the pieces are.
#include "common/net/proxy_connect.h"

#include <optional>
#include <string>

#include "tests/fuzz/peer.h"
#include "tests/fuzz/pieces.h"

namespace {

using namespace adit;

/// What comes of the answer: the failure's words, or what stands behind the head and belongs to the target.
net::Task<> connect(net::Stream& stream, std::optional<std::string>& outcome) {
    const auto connected =
        co_await net::proxy_connect(stream, "a.example:443", net::BasicCredentials{"user", "s3cret!"});
    if (!connected) {
        outcome = "failed: " + connected.error().detail;
        fuzz::demand(!outcome->contains("s3cret!") && !outcome->contains("dXNlcjpzM2NyZXQh"),
                     "credentials are not repeated");
        fuzz::demand(outcome->size() < 512, "and words are bounded");
        co_return;
    }
    while (!co_await stream.receive()) {
    }
    std::string rest(stream.input().size(), '\0');
    stream.input().copy_out(rest);
    outcome = "connected: " + rest;
}

std::string outcome_of(std::string_view bytes, std::size_t piece) {
    net::Worker worker(0);
    fuzz::Peer peer(worker);
    const auto stream = peer.take_stream();
    std::optional<std::string> outcome;
    net::spawn(worker.context(), "a proxy", connect(*stream, outcome));
    peer.settle();
    fuzz::demand(peer.hear().starts_with("CONNECT a.example:443 HTTP/1.1\r\n"), "we ask first");
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        peer.say(bytes.substr(at, piece));
    }
    peer.end();
    peer.leave();
    fuzz::demand(outcome.has_value(), "an answer ends when its proxy has left");
    worker.finish();
    return *outcome;
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const auto [bytes, whole] = outcome_in_pieces(decisions, outcome_of);
    demand(!whole.starts_with("connected") || (bytes.starts_with("HTTP/1.") && bytes.contains("\r\n\r\n")),
           "nothing but a proxy's word leads through it");
}
