// Finding, dialling and greeting the master; see redis.h.
#include <list>

#include "common/net/alarm.h"
#include "common/net/connect.h"
#include "common/tls/tls_stream.h"
#include "connector/state/redis.h"
#include "connector/state/scripts.h"

namespace adit::state {
namespace {

using namespace std::chrono_literals;

constexpr auto kConnectMost = 2s;    ///< of each step on the way: no request waits for it
constexpr auto kSilenceLeast = 1s;   ///< without a reply that is due, before a connection is given up
constexpr int kSilenceTimeouts = 4;  ///< the same, as so many of `state.timeout`

}  // namespace

net::Task<> Redis::run() {
    for (;;) {
        while (!settings_) co_await changed_.wait();
        const net::Time began = loop_.now();
        co_await connect_once(settings_);
        link_.reset();
        ready_ = false;
        note();
        backoff_.worked_for(loop_.now() - began);
        if (settings_) co_await net::sleep_for(loop_, backoff_.next(random_.uniform()));
    }
}

/// From finding the master to the end of the connection.
net::Task<> Redis::connect_once(std::shared_ptr<const Settings> settings) {
    const Result<net::HostPort> master = co_await find_master(*settings);
    if (!master) co_return lost(*settings, master.error().message);
    auto stream = co_await dial(*settings, *master);
    if (!stream) co_return lost(*settings, stream.error().message);
    if (settings != settings_) co_return;
    link_ = link_over(std::move(*stream), *settings);
    const auto welcome = co_await greet(link_, Greeting::of_server(settings->of, client_, scripts()));
    if (!welcome) {
        link_->end(net::Errc::aborted);
        co_return lost(*settings, master->text() + ": " + welcome.error().message);
    }
    if (settings == settings_) {
        standing_.master = master->text();
        ready_ = true;
        trust_.answered();
        note();
    }
    const std::string why = co_await link_->over();
    lost(*settings, master->text() + ": " + why);
}

void Redis::lost(const Settings& settings, const std::string& why) {
    if (&settings != settings_.get()) return;  // a reload went over to another one
    standing_.trouble = why;
    ready_ = false;
    metrics_.connection_lost.Increment();
    note();
    watcher_(standing_);
}

std::shared_ptr<Link> Redis::link_over(std::unique_ptr<net::Stream> stream, const Settings& settings) {
    const auto silence = std::max<net::Clock::duration>(kSilenceLeast, kSilenceTimeouts * settings.of.timeout);
    auto link = std::make_shared<Link>(std::move(stream), silence);
    Link::start(link);
    return link;
}

/// The server itself; or what the first sentinel says that answers.
net::Task<Result<net::HostPort>> Redis::find_master(const Settings& settings) {
    const config::State::Server& server = settings.of.server;
    if (server.kind == config::State::Server::Kind::server) co_return server.addresses.front();
    Result<net::HostPort> master = failure("no sentinel answers");
    for (std::size_t asked = 0; asked < server.addresses.size(); ++asked) {
        const net::HostPort sentinel = server.addresses[sentinel_ % server.addresses.size()];
        auto stream = co_await dial(settings, sentinel);
        if (!stream) {
            master = std::unexpected(std::move(stream.error()).with("sentinel"));
            ++sentinel_;
            continue;
        }
        const std::shared_ptr<Link> link = link_over(std::move(*stream), settings);
        const auto reply = co_await greet(link, Greeting::of_sentinel(settings.of));
        link->end(net::Errc::aborted);
        master = reply ? master_of(*reply, server.master) : Result<net::HostPort>(std::unexpected(reply.error()));
        if (master) co_return master;
        master.error().message = "sentinel " + sentinel.text() + ": " + master.error().message;
        ++sentinel_;
    }
    co_return master;
}

net::Task<Result<std::unique_ptr<net::Stream>>> Redis::dial(const Settings& settings, net::HostPort to) {
    const net::Time deadline = net::Clock::now() + kConnectMost;
    auto addresses = co_await resolver_.resolve(loop_, to, deadline);
    if (!addresses) co_return failure(to.text() + ": " + addresses.error().detail);
    auto connected = co_await net::connect(loop_, std::move(*addresses), deadline, to.text());
    if (!connected) co_return failure(connected.error().detail);
    if (!settings.tls) co_return std::move(*connected);
    const std::string& name = settings.of.server_name.empty() ? to.host : settings.of.server_name;
    auto stream =
        std::make_unique<tls::TlsStream>(std::move(*connected), *settings.tls, tls::TlsStream::Side::client, name);
    const net::AbortAt guard(*stream, deadline);
    if (const net::Status broken = co_await stream->handshake()) {
        co_return failure(to.text() + ": TLS: " + (stream->problem().empty() ? broken.message() : stream->problem()));
    }
    co_return std::move(stream);
}

/// The answer to the last step.
net::Task<Result<Reply>> Redis::greet(std::shared_ptr<Link> link, Greeting greeting) {
    const net::Time deadline = net::Clock::now() + kConnectMost;
    std::list<Awaited> awaited;
    for (const Greeting::Step& step : greeting.steps) {
        if (!link->send(step.command, &awaited.emplace_back(loop_))) co_return failure(co_await link->over());
    }
    Result<Reply> last = failure("it was told nothing");
    auto waiting = awaited.begin();
    for (const Greeting::Step& step : greeting.steps) {
        const Reply* const reply = co_await waiting->reply(deadline);
        if (reply == nullptr) {
            co_return failure(waiting->cut_off() ? co_await link->over() : "no answer to " + std::string(step.what));
        }
        if (auto good = judge(step, *reply); !good) co_return std::unexpected(std::move(good.error()));
        last = *reply;
        ++waiting;
    }
    co_return last;
}

}  // namespace adit::state
