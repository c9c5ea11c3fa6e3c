// What an origin of HTTP/2 does, by sequences of frames: the client's role of our session layer, up to heads and
// bodies.
#include <array>
#include <vector>

#include "connector/http/call.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/heads.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/written_frames.h"

namespace {

using namespace adit;

struct Ignoring final : h2::SessionListener {
    void stream_accepted(std::unique_ptr<h2::Stream>) override { fuzz::demand(false, "origins open no streams"); }
    void peer_draining() override {}
};

constexpr h2::Limits kLimits{.concurrent_streams = 8,
                             .stream_window = 4096,
                             .stream_window_most = 16384,
                             .growth_budget = 32768,
                             .session_window = 65536,
                             .head_fields = 30,
                             .head_bytes = 4096};

/// Asks, and reads whatever comes as the route's handler does.
net::Task<> ask(h2::Session& session, std::string_view method, bool reads, int& under_way) {
    ++under_way;
    http::RequestHead request;
    request.bytes() = std::string(method) + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    fuzz::demand(http::parse_request(request, {}).has_value(), "the request is good");
    const auto call = http::http2_call(session);
    if (call->start(request, {.authority = "a", .client = "192.0.2.1", .request_id = "r", .pseudonym = "p"}, false)) {
        call->body().append("abc");
        call->body().finish();
        call->body().try_send();
        http::ResponseHead head;
        net::Status status;
        while (!status && (head.status == 0 || head.status / 100 == 1)) {
            const auto taken = call->take_head(head);
            if (!taken) {
                status = net::Errc::protocol;
            } else if (*taken == http::Call::Progress::head) {
                fuzz::demand(head.framing.kind != http::Framing::Kind::until_close, "a stream has an end");
                if (head.status != 101) {
                    fuzz::demand_one_response(head, method);
                }
            } else {
                status = co_await call->stream().receive();
            }
        }
        if (!status && reads) {
            http::BodyReader body = call->answer_body(head);
            std::string text;
            while (!body.done() && !co_await body.wait()) {
                body.move_to(text, body.available());
            }
        } else if (!status) {
            while (!co_await call->stream().receive()) {
                fuzz::demand(call->stream().input().size() <= static_cast<std::size_t>(kLimits.stream_window),
                             "what nobody reads stays within the window");
            }
        }
    }
    --under_way;
}

net::Task<> run_session(h2::Session& session, bool& done) {
    co_await session.run();
    done = true;
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    static constexpr std::array<std::string_view, 3> kMethods{"GET", "HEAD", "POST"};
    Input decisions(input);
    const std::uint8_t first = decisions.byte();
    net::Worker worker(0);
    Peer peer(worker);
    Ignoring listener;
    h2::Session session(peer.take_stream(), h2::Session::Role::client, kLimits, listener);
    bool done = false;
    int under_way = 0;
    net::spawn(worker.context(), "a session", run_session(session, done));
    WrittenFrames written(true);
    Frames frames(Speaker::server);
    for (int calls = 0; calls <= (first & 3); ++calls) {
        net::spawn(worker.context(), "a call", ask(session, decisions.choice(kMethods), (first & 4) == 0, under_way));
    }
    peer.settle();
    peer.say(frames.begin(decisions, (first & 8) == 0));
    while (!decisions.empty() && !done) {
        peer.say(frames.next(decisions));
        written.read(peer.hear());
        demand(session.stream_count() <= 4, "there are no streams but ours");
    }
    if ((first & 16) != 0) {
        session.drain("good bye");
        peer.settle();
    }
    written.read(peer.hear());
    peer.leave();
    demand(done && under_way == 0, "a session ends when its origin has left, and with it every call");
    worker.finish();
}
