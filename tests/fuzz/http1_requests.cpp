// A client's connection of HTTP/1.1, whole and in pieces: where one request ends and the next begins may not depend on
// how their bytes arrive. The first bytes say how long the pieces are.
#include "connector/http/http1_connection.h"

#include "tests/fuzz/input.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/recorder.h"

namespace {

using namespace adit;

net::Task<> serve(http::Connection& connection, bool& done) {
    co_await connection.run();
    done = true;
}

/// What a handler sees of a connection over which these bytes come.
std::string seen_of(std::string_view bytes, std::size_t piece, const http::ServerSettings& settings) {
    net::Worker worker(0);
    fuzz::Peer peer(worker);
    fuzz::Recorder handler;
    http::Http1Connection connection(peer.take_stream(), {.ip = "192.0.2.1"}, settings, handler);
    bool done = false;
    net::spawn(worker.context(), "a connection", serve(connection, done));
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        peer.say(bytes.substr(at, piece));
        peer.hear();
    }
    peer.end();
    peer.hear();
    peer.leave();
    fuzz::demand(done, "a connection ends when its client has left");
    fuzz::demand(handler.under_way == 0, "and with it every request");
    worker.finish();
    return handler.seen;
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const std::size_t piece = 1 + decisions.below(64);
    http::ServerSettings settings;
    settings.role = decisions.byte() == 'p' ? http::Role::proxy : http::Role::gateway;
    const std::string_view bytes = decisions.rest();
    const std::string whole = seen_of(bytes, bytes.size() + 1, settings);
    const std::string pieces = seen_of(bytes, piece, settings);
    demand(whole == pieces, "the same requests are seen however their bytes arrive");
}
