// Streams of a session at the agent; see session.h.
#include "agent/session.h"

#include "agent/pipe.h"
#include "common/net/spawn.h"

namespace adit::agent {
namespace {

constexpr int kMissedProbes = 5;  ///< intervals of silence after which the connector counts as gone

}  // namespace

Session::Session(std::unique_ptr<net::Stream> transport, Surroundings& surroundings, SessionWatcher& watcher)
    : surroundings_(surroundings),
      watcher_(watcher),
      session_(std::move(transport), h2::Session::Role::acceptor, surroundings.limits, *this),
      silence_(*this) {
    heard();
}

net::Task<net::Status> Session::run() {
    return session_.run();
}

void Session::drain() {
    silence_.disarm();
    session_.drain();
}

void Session::heard() {
    if (!session_.draining()) {
        silence_.arm(surroundings_.loop.now() + patience_);
    }
}

void Session::Silence::expired() {
    session_.session_.close(net::Errc::timed_out);
}

void Session::peer_draining() {
    silence_.disarm();
    watcher_.connector_leaving();
}

void Session::stream_accepted(std::unique_ptr<h2::Stream> stream) {
    heard();
    const std::string_view method = stream->head().find(":method");
    const std::string_view path = stream->head().find(":path");
    if (method == "CONNECT") {
        net::spawn(surroundings_.loop.context(), "a tunnelled connection",
                   serve_pipe(std::move(stream), surroundings_));
    } else if (method == "GET" && path == protocol::kProbePath) {
        surroundings_.metrics.probes.Increment();
        probed_at_ = surroundings_.loop.now();
        net::spawn(surroundings_.loop.context(), "a probe", h2::answer(std::move(stream), 204, {}, {}));
    } else if (method == "GET" && path == protocol::kSuccessorPath) {
        net::spawn(surroundings_.loop.context(), "a notice", h2::answer(std::move(stream), 204, {}, {}));
        watcher_.successor_came();
    } else if (method == "GET" && path == protocol::kGreetingPath) {
        answer_greeting(std::move(stream));
    } else {
        net::spawn(surroundings_.loop.context(), "an unknown request", h2::answer(std::move(stream), 404, {}, {}));
    }
}

void Session::answer_greeting(std::unique_ptr<h2::Stream> stream) {
    const auto invitation = protocol::Invitation::from_request(stream->head());
    patience_ = kMissedProbes * invitation.probe_interval;
    probed_at_ = surroundings_.loop.now();
    heard();
    net::spawn(surroundings_.loop.context(), "the greeting",
               h2::answer(std::move(stream), 200, {{"content-type", "application/json"}},
                          surroundings_.introduction.to_json()));
    watcher_.greeted(invitation);
}

}  // namespace adit::agent
