// What the far end says, or that it says nothing; see established.h.
#include "connector/backend/established.h"

#include "common/net/alarm.h"

namespace adit::backend {

net::Task<std::optional<problem::Failure>> established(net::Stream& stream, std::string_view tunnel,
                                                       net::Time deadline) {
    const net::AbortAt guard(stream, deadline);
    while (!stream.established() && !stream.status()) {
        co_await stream.on_readable().wait();
    }
    if (const problem::Failure* refusal = stream.failure()) {
        co_return *refusal;
    }
    if (stream.status() == net::Errc::timed_out) {
        co_return problem::connection_timeout("the agent did not say in time that it has connected");
    }
    if (!stream.established()) {
        co_return problem::session_lost(tunnel);
    }
    co_return std::nullopt;
}

}  // namespace adit::backend
