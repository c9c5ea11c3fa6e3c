// See look.h.
#include "agent/dial/look.h"

#include "common/net/spawn.h"

namespace adit::agent {
namespace {

constexpr std::chrono::seconds kFarewell{2};  ///< for the connector to end the session after our answer
constexpr std::string_view kBallast = "adit-ballast";

/// A character that HPACK's Huffman code makes longer (RFC 7541, appendix B), so that it is sent as it is.
constexpr char kHeavy = '~';

h2::Fields ballast(std::size_t weight) {
    h2::Fields fields;
    if (weight > 0) {
        fields.add(kBallast, std::string(weight, kHeavy));
    }
    return fields;
}

}  // namespace

Look::Look(Channel channel, std::size_t weight)
    : Deadline(channel.stream->loop().wheel()),
      tls_(channel.tls),
      weight_(weight),
      session_(std::move(channel.stream), h2::Session::Role::acceptor, h2::Limits(), *this) {}

net::Task<SessionEnd> Look::run(net::Time deadline) {
    arm(deadline);
    const net::Status why = co_await session_.run();
    disarm();
    end_.heard = end_.invitation && why != net::Errc::timed_out;
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
        net::spawn(loop.context(), "the greeting",
                   h2::answer(std::move(stream), protocol::kNobody, ballast(weight_), {}));
        arm(loop.now() + kFarewell);
    } else {
        net::spawn(loop.context(), "an unexpected request", h2::answer(std::move(stream), 404, {}, {}));
    }
}

void Look::expired() {
    session_.close(net::Errc::timed_out);
}

}  // namespace adit::agent
