// A client's connection of HTTP/2, by sequences of frames: the server's role of our session layer, up to the handler.
#include "connector/http/http2_connection.h"

#include "tests/fuzz/frames.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/recorder.h"
#include "tests/fuzz/written_frames.h"

namespace {

using namespace adit;

net::Task<> serve(http::Connection& connection, bool& done) {
    co_await connection.run();
    done = true;
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const std::uint8_t first = decisions.byte();
    http::ServerSettings settings;
    settings.role = (first & 1) != 0 ? http::Role::proxy : http::Role::gateway;
    settings.body_bytes = (first & 2) != 0 ? 1000 : 0;
    settings.head = {.bytes = 4096, .target = 1024, .fields = 30};
    settings.concurrent_streams = 8;

    net::Worker worker(0);
    Peer peer(worker);
    Recorder handler;
    http::Http2Connection connection(peer.take_stream(), {.ip = "192.0.2.1"}, settings, handler);
    bool done = false;
    net::spawn(worker.context(), "a connection", serve(connection, done));
    Frames frames(Speaker::client);
    WrittenFrames written(false);
    const bool deaf = (first & 4) != 0;  // a client that does not read
    peer.say(frames.begin(decisions, (first & 8) == 0));
    while (!decisions.empty() && !done) {
        peer.say(frames.next(decisions));
        if (!deaf) {
            written.read(peer.hear());
        }
        demand(handler.under_way <= 8, "no more streams run than were offered");
    }
    if ((first & 16) != 0) {
        connection.drain();
        peer.settle();
    }
    written.read(peer.hear());
    demand(deaf || !done || written.unread() == 0, "we end with a whole frame");
    peer.leave();
    demand(done, "a connection ends when its client has left");
    demand(handler.under_way == 0, "and with it every request");
    worker.finish();
}
