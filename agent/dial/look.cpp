// See look.h.
#include "agent/dial/look.h"

#include "common/net/spawn.h"

namespace adit::agent {
namespace {

constexpr std::chrono::seconds kFarewell{2};  ///< for the connector to end the session after our answer

}  // namespace

Look::Look(Channel channel)
    : Deadline(channel.stream->loop().wheel()),
      tls_(channel.tls),
      session_(std::move(channel.stream), h2::Session::Role::acceptor, h2::Limits(), *this) {}

net::Task<SessionEnd> Look::run(net::Time deadline) {
    arm(deadline);
    co_await session_.run();
    disarm();
    if (tls_ != nullptr) {
        end_.tls_problem = tls_->problem();
    }
    end_.words = session_.peer_words();
    co_return std::move(end_);
}

void Look::stream_accepted(std::unique_ptr<h2::Stream> stream) {
    net::Loop& loop = session_.loop();
    if (stream->head().find(":path") == protocol::kGreetingPath) {
        end_.invitation = protocol::Invitation::from_request(stream->head());
        end_.heard_at = std::chrono::system_clock::now();
        net::spawn(loop.context(), "the greeting", h2::answer(std::move(stream), protocol::kNobody, {}, {}));
        arm(loop.now() + kFarewell);
    } else {
        net::spawn(loop.context(), "an unexpected request", h2::answer(std::move(stream), 404, {}, {}));
    }
}

void Look::expired() {
    session_.close(net::Errc::timed_out);
}

}  // namespace adit::agent
