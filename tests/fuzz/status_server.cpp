// A connection of the admin and status server, which reads whole requests before it knows who asks: whole and in
// pieces. The first bytes say how long the pieces are, whether a token is asked for, and where the server listens.
#include "common/status/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "common/net/descriptor.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"
#include "common/status/connection.h"
#include "common/status/server_state.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

constexpr std::string_view kToken = "opens-sesame-opens-sesame";

struct Way {
    std::size_t piece;
    bool token;
    bool by_path;
    bool loopback;
};

/// What comes of the bytes: what handlers were asked, and what was answered.
struct Seen {
    std::string asked;
    std::size_t calls = 0;
    std::size_t changes = 0;
    std::string answers;
    /// A head that cannot be read is refused at once where it came at once, and else when it ends, which it may never.
    std::string_view answers_to_what_was_read() const {
        return std::string_view(answers).substr(0,
                                                std::min(answers.find("HTTP/1.1 400"), answers.find("HTTP/1.1 431")));
    }
    bool operator==(const Seen& other) const {
        return asked == other.asked && answers_to_what_was_read() == other.answers_to_what_was_read();
    }
};

std::shared_ptr<status::ServerState> server(net::Loop& loop, const Way& way, Seen& seen) {
    auto state = std::make_shared<status::ServerState>(loop);
    const auto note = [&seen](const status::Asked& asked) {
        seen.asked += asked.request;
        for (const std::string& segment : asked.segments) {
            fuzz::demand(!segment.empty(), "no segment of a path is empty");
            seen.asked += " [" + segment + "]";
        }
        fuzz::demand(asked.segments.size() <= 8, "segments are bounded");
        fuzz::demand(asked.request.size() <= 600, "what logs show of a path is bounded");
        seen.asked += '\n';
        ++seen.calls;
        seen.changes += asked.changes ? 1 : 0;
        return status::Answer{.body = "done\n"};
    };
    state->table["/status"] = {[note] { return note({.request = "/status"}); }, {}};
    state->table["/reload"] = {
        {}, [note](const status::Asked& asked, const status::Server::Tell& tell) { tell(note(asked)); }};
    state->below["/circuits/"] = note;
    status::Guard guard;
    guard.demands.token = SharedSecret(std::string(way.token ? kToken : ""));
    state->guard = std::make_shared<const status::Guard>(std::move(guard));
    state->place = {.host = "127.0.0.1", .loopback = way.loopback, .reached_by_path = way.by_path};
    return state;
}

void settle(net::Worker& worker) {
    worker.context().restart();
    for (int polls = 0; worker.context().poll() > 0; ++polls) {
        fuzz::demand(polls < 10'000, "what is said once is done with at some time");
    }
}

/// The client's end, as a descriptor: the server takes no other.
void hear(net::Worker& worker, int client, std::string& answers) {
    settle(worker);
    std::array<char, 16384> room;
    for (ssize_t got = 0; (got = ::recv(client, room.data(), room.size(), MSG_DONTWAIT)) > 0;) {
        answers.append(room.data(), static_cast<std::size_t>(got));
        settle(worker);
    }
}

Seen seen_of(std::string_view bytes, const Way& way) {
    Seen seen;
    net::Worker worker(0);
    const auto state = server(worker.loop(), way, seen);
    std::array<int, 2> ends{};
    fuzz::demand(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0, "a socket");
    net::Descriptor client(ends[0]);
    net::spawn(worker.context(), "a client",
               status::Connection::serve(std::make_unique<status::Connection>(state, net::Descriptor(ends[1]))));
    for (std::size_t at = 0; at < bytes.size(); at += way.piece) {
        const std::string_view piece = bytes.substr(at, way.piece);
        if (::send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
            break;  // the server has left
        }
        hear(worker, client.get(), seen.answers);
    }
    ::shutdown(client.get(), SHUT_WR);
    hear(worker, client.get(), seen.answers);
    fuzz::demand(state->connections.empty(), "a connection ends when its client has left");
    worker.finish();
    return seen;
}

std::size_t count(std::string_view of, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = of.find(what); at != std::string_view::npos; at = of.find(what, at + 1)) {
        ++found;
    }
    return found;
}

/// Up to the first line that goes on in the next one, whose request must not be acted upon.
std::string_view before_a_fold(std::string_view bytes) {
    const std::size_t fold = std::min(bytes.find("\n "), bytes.find("\n\t"));
    return fold == std::string_view::npos ? bytes : bytes.substr(0, fold + 1);
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const std::size_t piece = 1 + decisions.below(64);
    const std::uint8_t kind = decisions.byte();
    const std::string_view bytes = decisions.rest();
    const Way whole{
        .piece = bytes.size() + 1, .token = (kind & 1) != 0, .by_path = (kind & 2) != 0, .loopback = (kind & 4) != 0};
    const Seen seen = seen_of(bytes, whole);
    Way pieces = whole;
    pieces.piece = piece;
    demand(seen == seen_of(bytes, pieces), "the same is asked and answered however the bytes arrive");
    demand(seen.calls == 0 || !whole.token || bytes.contains(kToken), "nobody is served who does not show the token");
    demand(seen.calls <= count(before_a_fold(bytes), "\r\n\r\n"),
           "nothing is done before a head ends, or for a folded");
    demand(seen.changes <= count(bytes, "POST /"), "nothing is changed but by POST");
    demand(seen.changes == 0 || !bytes.starts_with("POST /reload HTTP/1.1\r\nHost: a\r\nOrigin: "), "nor by pages");
    demand(count(seen.answers, "Cache-Control: no-store") <= 1 + count(bytes, "\r\n\r\n"),
           "there is one answer to each request");
}
