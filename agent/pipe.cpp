// The guarded pipe; see pipe.h.
#include "agent/pipe.h"

#include "agent/session.h"
#include "common/log/log.h"
#include "common/net/connect.h"
#include "common/net/pump.h"
#include "common/problem/answer.h"

namespace adit::agent {
namespace {

/// The allow list that is in force when the stream opens decides for the stream's whole life.
net::Task<net::Connected> dial(net::HostPort target, Surroundings& surroundings, net::CallOff& call_off) {
    const std::shared_ptr<const AllowList> allow = surroundings.allow;
    const net::Time deadline = surroundings.loop.now() + surroundings.dial_timeout;
    if (const auto denied = allow->check_name(target.host, target.port); !denied) {
        co_return std::unexpected(problem::destination_prohibited(denied.error()));
    }
    const net::HostPort asked{allow->name_to_resolve(target.host, target.port), target.port};
    auto addresses = co_await surroundings.resolver.resolve(surroundings.loop, asked, deadline, &call_off);
    if (!addresses) {
        co_return std::unexpected(std::move(addresses.error()));
    }
    std::string last_denial;
    std::erase_if(*addresses, [&](const net::Address& address) {
        const auto verdict = allow->check_address(address.ip, target.host, target.port);
        if (!verdict) {
            last_denial = verdict.error();
        }
        return !verdict;
    });
    if (addresses->empty()) {
        co_return std::unexpected(problem::destination_prohibited(last_denial));
    }
    co_return co_await net::connect(surroundings.loop, std::move(*addresses), deadline, target.text(), {}, &call_off);
}

/// Calls a dial off when its stream is given up: a host that answers nobody would hold a socket for each try that
/// nobody waits for any more.
class WhileWanted final : public net::HangupListener {
  public:
    WhileWanted(h2::Stream& stream, net::CallOff& dial) : stream_(stream), dial_(dial) {
        stream_.on_hangup(this);
        peer_hung_up();  // it may have been given up before
    }
    ~WhileWanted() { stream_.on_hangup(nullptr); }

  private:
    /// Told of a half-close as well, which leaves the answer wanted.
    void peer_hung_up() override {
        if (stream_.status()) {
            dial_.now();
        }
    }
    h2::Stream& stream_;
    net::CallOff& dial_;
};

net::Task<net::Connected> dial_while_wanted(h2::Stream& stream, net::HostPort target, Surroundings& surroundings) {
    net::CallOff call_off;
    const WhileWanted wanted(stream, call_off);
    co_return co_await dial(std::move(target), surroundings, call_off);
}

net::Task<> refuse(std::unique_ptr<h2::Stream> stream, problem::Failure failure, Surroundings& surroundings) {
    surroundings.metrics.refused(failure);
    if (surroundings.sparing.may_write(problem::name(failure.error), surroundings.loop.now())) {
        logging::warn("stream refused", {{"target", stream->head().find(":authority")},
                                         {"error", problem::name(failure.error)},
                                         {"reason", failure.detail}});
    }
    h2::Fields fields{{"proxy-status", problem::proxy_status(failure, "adit-agent")}};
    return h2::answer(std::move(stream), failure.status, std::move(fields), {});
}

/// Counts the stream while it lives.
class Counted {
  public:
    explicit Counted(AgentMetrics& metrics) : metrics_(metrics) {
        metrics_.streams.Increment();
        metrics_.streams_total.Increment();
    }
    ~Counted() { metrics_.streams.Decrement(); }

  private:
    AgentMetrics& metrics_;
};

}  // namespace

net::Task<> serve_pipe(std::unique_ptr<h2::Stream> stream, Surroundings& surroundings) {
    const Counted counted(surroundings.metrics);
    const auto target = net::HostPort::parse(stream->head().find(":authority"));
    if (!target) {
        co_return co_await refuse(std::move(stream), problem::bad_target(target.error().message), surroundings);
    }
    const net::Time started = surroundings.loop.now();
    auto connected = co_await dial_while_wanted(*stream, *target, surroundings);
    if (!connected) {
        if (stream->status()) {
            co_return;  // nobody hears a reason
        }
        // What the caller sent ahead is dropped with the stream.
        co_return co_await refuse(std::move(stream), std::move(connected.error()), surroundings);
    }
    surroundings.metrics.dialled(surroundings.loop.now() - started);
    if (stream->status()) {
        // Given up meanwhile, perhaps for another way that has succeeded: what was sent ahead must not take effect as
        // well.
        (*connected)->reset_on_close();
        co_return;
    }
    stream->respond(200, {}, false);
    const net::PipeResult result = co_await net::join(*stream, **connected);
    if (result.why) {
        (*connected)->reset_on_close();  // the origin must not take a part for the whole
    }
    surroundings.metrics.carried(result.forth, result.back);
}

}  // namespace adit::agent
