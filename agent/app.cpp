// Wiring and signals of the agent; see app.h.
#include "agent/app.h"

#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <iostream>

#include "agent/dial/choose.h"
#include "agent/status_report.h"
#include "agent/supervisor.h"
#include "common/base/file_watch.h"
#include "common/base/free_memory.h"
#include "common/base/last_resort.h"
#include "common/base/service_manager.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"
#include "common/sandbox/sandbox.h"
#include "common/status/server.h"
#include "common/token/token.h"
#include "common/wireguard/helper_process.h"

namespace adit::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kReadyWithin = 5s;  ///< "a probe passed lately"
constexpr std::chrono::milliseconds kDrainCheck = 20ms;
constexpr std::chrono::seconds kEnding = 10s;               ///< for what ends at once unless a thread hangs
constexpr std::chrono::milliseconds kFileInterval = 500ms;  ///< a change is taken up after it has stood for one
constexpr std::chrono::seconds kTransportInterval = 5s;     ///< at which metrics learn how the transports fare
constexpr std::uint16_t kMetricsPorts = 5;                  ///< tried one after the other when none was asked for

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

DialWish dial_wish(const TransportOptions& options) {
    DialWish wish;
    if (options.protocol != TransportProtocol::automatic) {
        wish.only =
            options.protocol == TransportProtocol::tls ? protocol::Transport::tls : protocol::Transport::wireguard;
    }
    wish.wireguard.kind = options.device;
    wish.wireguard.interface = options.interface;
    wish.wireguard.mtu = options.mtu.value_or(0);
    return wish;
}

/// What an agent goes on to need: the file that it follows, and what makes a WireGuard device.
sandbox::Wishes confinement(const RunOptions& options, const token::Token& token) {
    using wireguard::DeviceKind;
    sandbox::Wishes wishes{.mode = options.sandbox, .abstract_sockets = ServiceManager().listens_at_abstract_name()};
    if (options.config) {
        wishes.read.insert(*options.config);
    }
    if (token.wireguard && options.transport.protocol != TransportProtocol::tls) {
        const DeviceKind kind = options.transport.device;
        wishes.network_devices = kind == DeviceKind::automatic || kind == DeviceKind::kernel;
        wishes.programs = wireguard::helper_folder();
    }
    return wishes;
}

/// Everything that runs, in the order in which it depends on each other.
class App {
  public:
    App(RunOptions options, std::shared_ptr<const AllowList> allow, FileWatch file)
        : options_(std::move(options)),
          file_(std::move(file)),
          worker_(0),
          metrics_(registry_),
          surroundings_{.loop = worker_.loop(),
                        .resolver = resolver_,
                        .metrics = metrics_,
                        .allow = std::move(allow),
                        .introduction = {"agt_" + random_base62(16), ADIT_VERSION, host_name(), options_.labels, {}},
                        .limits = {},
                        .sparing = {}},
          status_(worker_.loop()),
          signals_(worker_.context(), SIGTERM, SIGINT, SIGHUP),
          drain_timer_(worker_.context()) {
        surroundings_.introduction.allow = surroundings_.allow->texts();
    }

    ~App() {
        status_.stop();
        worker_.finish();
    }

    Result<> prepare(token::Token token);
    int run();

  private:
    void stop();
    Result<> open_status();
    net::Task<> follow_transports();
    net::Task<> follow_file();
    void await_signal();
    void reload();
    void drain();
    void check_drained();
    std::string not_ready() const;
    status::Answer ready() const;
    status::Answer standing() const;

    std::unique_ptr<LastResort> last_resort_;  ///< goes last: whatever hangs in our destructor, too
    RunOptions options_;
    FileWatch file_;  ///< the one of --config
    metrics::Registry registry_;
    net::Resolver resolver_;
    net::Worker worker_;
    AgentMetrics metrics_;
    Surroundings surroundings_;
    wireguard::Devices devices_{worker_.loop(), {}};
    Dialing dialing_;
    std::unique_ptr<Supervisor> supervisor_;
    status::Server status_;
    sandbox::Standing sandbox_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer drain_timer_;
    ServiceManager service_;
    FreeMemory free_memory_;
    bool draining_ = false;
    net::Time drain_ends_{};
    int exit_status_ = 0;
};

Result<> App::prepare(token::Token token) {
    // Before anything starts a thread or a program.
    auto entered = sandbox::enter(confinement(options_, token), registry_);
    if (!entered) {
        return std::unexpected(std::move(entered.error()));
    }
    sandbox_ = std::move(*entered);
    last_resort_ = std::make_unique<LastResort>(kEnding);
    auto proxies = net::ProxyEnvironment::from_process();
    if (!proxies) {
        return std::unexpected(std::move(proxies.error()));
    }
    auto dialing =
        choose_dialer(worker_.loop(), resolver_, devices_, token, std::move(*proxies), dial_wish(options_.transport));
    if (!dialing) {
        return std::unexpected(std::move(dialing.error()));
    }
    dialing_ = std::move(*dialing);
    Supervisor::Settings settings;
    settings.sessions = options_.connections;
    supervisor_ = std::make_unique<Supervisor>(surroundings_, *dialing_.dialer, settings);
    if (dialing_.transports != nullptr) {
        dialing_.transports->on_return([this] { supervisor_->replace(protocol::Transport::wireguard); });
    }
    return open_status();
}

Result<> App::open_status() {
    status_.on_refusal([this](const status::Asked&, const status::Refusal& refusal) {
        metrics_.refused_status(name_of(refusal.why));
    });
    status_.add("/live", [] { return status::Answer{200, "text/plain; charset=utf-8", "ok\n"}; });
    status_.add("/ready", [this] { return ready(); });
    status_.add("/status", [this] {
        sandbox::look_again(sandbox_, registry_);
        return standing();
    });
    status_.add("/metrics", [this] {
        sandbox::look_again(sandbox_, registry_);
        return status::Answer{200, metrics::Registry::kContentType, registry_.exposition()};
    });
    net::HostPort address = options_.metrics;
    Result<> listening = status_.listen(address, {});
    for (std::uint16_t i = 1; !listening && !options_.metrics_given && i <= kMetricsPorts; ++i) {
        address.port = i == kMetricsPorts ? 0 : static_cast<std::uint16_t>(options_.metrics.port + i);
        listening = status_.listen(address, {});
    }
    return listening;
}

/// Never on the path of a request or a scrape: a device may take its time to answer.
net::Task<> App::follow_transports() {
    for (;;) {
        if (!draining_) {
            service_.status(std::to_string(supervisor_->sessions()) + " sessions with the connector");
        }
        co_await net::sleep_for(worker_.loop(), kTransportInterval);
        surroundings_.sparing.tell_left_out(worker_.loop().now());
        free_memory_.look(worker_.loop().now());
        if (dialing_.transports != nullptr) {
            metrics_.fell_back(dialing_.transports->fallbacks());
        }
        if (dialing_.wireguard == nullptr) {
            continue;
        }
        std::vector<WireGuardWay> ways;
        for (const WireGuardDialer::Standing& standing : co_await dialing_.wireguard->standings()) {
            WireGuardWay way{.endpoint = standing.endpoint, .seat = standing.seat};
            for (const wireguard::PeerStatus& peer : standing.peers) {
                way.received += peer.received;
                way.sent += peer.sent;
                if (peer.handshake) {
                    way.handshake_age = std::chrono::system_clock::now() - *peer.handshake;
                }
            }
            ways.push_back(std::move(way));
        }
        metrics_.wireguard(ways);
    }
}

/// An allow list that comes as a ConfigMap is exchanged where nobody could send a signal.
net::Task<> App::follow_file() {
    for (;;) {
        co_await net::sleep_for(worker_.loop(), kFileInterval);
        if (file_.changed()) {
            reload();
        }
    }
}

/// Why; empty when it is ready.
std::string App::not_ready() const {
    return supervisor_->ready(kReadyWithin) ? ""
           : draining_                      ? "draining"
           : supervisor_->sessions() == 0   ? "no session"
                                            : "no probe lately";
}

status::Answer App::ready() const {
    const std::string reason = not_ready();
    boost::json::object body{{"ready", reason.empty()}, {"sessions", supervisor_->sessions()}};
    if (!reason.empty()) {
        body["reason"] = reason;
    }
    return {reason.empty() ? 200 : 503, "application/json", boost::json::serialize(body) + "\n"};
}

status::Answer App::standing() const {
    const AgentStanding standing{surroundings_.introduction.agent, not_ready(), supervisor_->standings(), sandbox_};
    return {200, "application/json", status_report(standing, std::chrono::system_clock::now())};
}

void App::await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) {
            return;
        }
        if (signal == SIGHUP) {
            reload();
        } else if (draining_) {
            logging::warn("stopped at once by a second signal");
            exit_status_ = 1;
            stop();
        } else {
            drain();
        }
        await_signal();
    });
}

void App::reload() {
    file_.catch_up();
    auto allow = read_allow_list(options_);
    if (!allow) {
        logging::error("reload refused, the allow list stays as it is", {{"reason", allow.error().message}});
        return;
    }
    surroundings_.allow = std::move(*allow);
    surroundings_.introduction.allow = surroundings_.allow->texts();
    logging::info("allow list reloaded", {{"patterns", surroundings_.allow->texts().size()}});
}

void App::drain() {
    draining_ = true;
    drain_ends_ = net::Clock::now() + options_.grace_period;
    logging::info("draining",
                  {{"sessions", supervisor_->sessions()}, {"grace_period", format_duration(options_.grace_period)}});
    service_.stopping(options_.grace_period);
    supervisor_->drain();
    check_drained();
}

void App::check_drained() {
    if (supervisor_->drained() || net::Clock::now() >= drain_ends_) {
        logging::info(supervisor_->drained() ? "drained" : "the grace period is over");
        stop();
        return;
    }
    drain_timer_.expires_after(kDrainCheck);
    drain_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            check_drained();
        }
    });
}

void App::stop() {
    last_resort_->begin();
    worker_.stop();
}

int App::run() {
    await_signal();
    status_.start();
    supervisor_->start();
    net::spawn(worker_.context(), "the figures of the transports", follow_transports());
    if (options_.config) {
        net::spawn(worker_.context(), "a look at the configuration", follow_file());
    }
    const std::size_t patterns = surroundings_.allow->texts().size();
    logging::info("agent started", {{"agent", surroundings_.introduction.agent},
                                    {"version", ADIT_VERSION},
                                    {"status", status_.address().text()},
                                    {"allow", patterns}});
    if (patterns == 0) {
        logging::warn(
            "nothing is allowed: every target will be refused until --allow HOST:PORT or a configuration names it");
    }
    // A connector that cannot be reached yet is no reason to call this service failed, and whoever waits for it, to
    // wait.
    service_.ready();
    worker_.run();
    return exit_status_;
}

}  // namespace

int run(RunOptions options) {
    logging::set_up(options.log_level, logging::Format::automatic);
    const auto refuse = [](const Error& error) {
        std::cerr << "adit-agent: " << error.message << '\n';
        return error.usage ? 2 : 1;
    };
    auto token = token::parse(options.token.reveal());
    if (!token) {
        return refuse(token.error());
    }
    options.token = Secret();
    FileWatch file;  // from before it is read: nothing that changes afterwards goes unseen
    if (options.config) {
        file.follow({*options.config});
    }
    auto allow = read_allow_list(options);
    if (!allow) {
        return refuse(allow.error());
    }
    App app(std::move(options), std::move(*allow), std::move(file));
    if (auto prepared = app.prepare(std::move(*token)); !prepared) {
        return refuse(prepared.error());
    }
    return app.run();
}

}  // namespace adit::agent
