// What an origin of HTTP/1.1 answers, whole and in pieces. The first bytes say what was asked and how long the pieces
// are.
#include <array>

#include "connector/http/call.h"
#include "tests/fuzz/heads.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/recorder.h"

namespace {

using namespace adit;

/// Reads heads up to the final one, and then the body.
net::Task<> read_answer(http::Call& call, std::string_view method, std::string& seen, bool& done) {
    http::ResponseHead head;
    while (head.status == 0 || (head.status / 100 == 1 && head.status != 101)) {
        const auto taken = call.take_head(head);
        if (!taken) {
            seen += "refused " + taken.error().detail;
            done = true;
            co_return;
        }
        if (*taken != http::Call::Progress::head) {
            if (const net::Status status = co_await call.stream().receive()) {
                seen += "[" + status.message() + "]";
                done = true;
                co_return;
            }
            continue;
        }
        fuzz::demand_one_response(head, method);
        seen += std::to_string(head.status) + " " + fuzz::text_of(head.fields) + "\n";
    }
    if (head.status != 101) {
        http::BodyReader body = call.answer_body(head);
        while (!body.done()) {
            if (const net::Status status = co_await body.wait()) {
                seen += "[" + status.message() + "]";
                break;
            }
            body.move_to(seen, body.available());
        }
        seen += "." + fuzz::text_of(body.trailers());
        if (body.done()) {
            seen += call.release(head) ? "+" : "-";
        }
    }
    done = true;
}

std::string seen_of(std::string_view bytes, std::size_t piece, std::string_view method) {
    net::Worker worker(0);
    fuzz::Peer peer(worker);
    const auto call = http::http1_call(peer.take_stream());
    http::RequestHead request;
    request.bytes() = std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n";
    fuzz::demand(http::parse_request(request, {}).has_value(), "the request is good");
    call->start(request, {.authority = "a", .client = "192.0.2.1", .request_id = "r", .pseudonym = "p"}, true);
    std::string seen;
    bool done = false;
    // The connection may not be judged before all that the origin said has come.
    if (piece >= bytes.size()) {
        peer.say(bytes);
        peer.end();
    }
    net::spawn(worker.context(), "an answer", read_answer(*call, method, seen, done));
    for (std::size_t at = 0; piece < bytes.size() && at < bytes.size(); at += piece) {
        peer.say(bytes.substr(at, piece));
    }
    peer.end();
    peer.leave();
    fuzz::demand(done, "an answer ends when its origin has left");
    worker.finish();
    return seen;
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    static constexpr std::array<std::string_view, 4> kMethods{"GET", "HEAD", "POST", "OPTIONS"};
    Input decisions(input);
    const std::size_t piece = 1 + decisions.below(64);
    const std::string_view method = decisions.choice(kMethods);
    const std::string_view bytes = decisions.rest();
    std::string whole = seen_of(bytes, bytes.size() + 1, method);
    std::string pieces = seen_of(bytes, piece, method);
    // Whether a connection can be used again depends on what has come so far, as it must.
    for (std::string* seen : {&whole, &pieces}) {
        if (seen->ends_with('+') || seen->ends_with('-')) {
            seen->pop_back();
        }
    }
    demand(whole == pieces, "the same answer is seen however its bytes arrive");
}
