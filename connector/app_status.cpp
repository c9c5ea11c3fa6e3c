// What the running connector tells its operators, and where; see app.h.
#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <map>

#include "connector/app.h"

namespace adit {
namespace {

constexpr std::chrono::minutes kRefusalsShown{5};  ///< an agent that is refused comes again every few seconds

}  // namespace

Result<> App::prepare_status() {
    const auto& admin = generation_->configuration.admin;
    if (!admin) {
        return {};
    }
    if (auto prepared = prepare_admin(); !prepared || !admin->metrics) {
        return prepared;
    }
    watchers_ = std::make_unique<status::Server>(main_worker().loop());
    watchers_->on_refusal(
        [this](const status::Asked&, const status::Refusal& refusal) { admin_metrics_.refused(refusal.why); });
    serve_standing(*watchers_);
    return watchers_->listen(*admin->metrics, {.port = true});
}

void App::serve_standing(status::Server& server) {
    server.add("/live", [] { return status::Answer{200, "text/plain; charset=utf-8", "ok\n"}; });
    server.add("/ready", [this] { return ready(); });
    server.add("/metrics", [this] { return exposition(); });
}

status::Answer App::exposition() {
    std::map<std::string, std::size_t> streams;
    for (const auto& info : sessions()) {
        streams[info->agent->tunnel_name] += info->streams;
    }
    for (const auto& [tunnel, open] : streams) {
        metrics_.streams(tunnel, open);
    }
    circuits_.show();
    generation_->limits.show();
    degrading_.show();
    admin_metrics_.audit(audit_.trouble().empty(), audit_.failures());
    return {200, metrics::Registry::kContentType, registry_.exposition()};
}

void App::serve_operators(status::Server& server) {
    serve_standing(server);
    server.add("/sessions", [this] {
        return status::Answer{200, "application/json", session_table(tunnel_records(), sessions(), doors().standings)};
    });
    server.add("/status", [this] {
        const Standing standing{shared_.pseudonym,
                                sides_.size(),
                                since_,
                                not_ready(),
                                overload_watch_->standings(),
                                fabric_.cache.store.figures(),
                                fabric_.reduction.standing(),
                                fabric_.state->standings(),
                                sandbox_,
                                own_problems()};
        return status::Answer{
            200, "application/json",
            status_report(standing, *generation_, tunnel_records(), sessions(), doors(),
                          fleet_.refusals().lately(std::chrono::system_clock::now(), kRefusalsShown))};
    });
    circuits_.serve_at(server, audit_);
    degrading_.serve_at(server, audit_);
    serve_reload(server);
}

std::vector<StoreWatch::Trouble> App::advised(std::vector<StoreWatch::Trouble> troubles) const {
    for (StoreWatch::Trouble& trouble : troubles) {
        if (const std::string advice = sandbox::advice(sandbox_, trouble.reason); !advice.empty()) {
            trouble.reason += "; " + advice;
        }
    }
    return troubles;
}

std::vector<std::string> App::own_problems() const {
    std::vector<std::string> problems;
    if (refused_) {
        problems.push_back(refused_configuration_problem(*refused_));
    }
    if (store_) {
        std::ranges::move(store_problems(advised(store_->troubles())), std::back_inserter(problems));
    }
    if (auto problem = guesses_problem(guesses_, std::chrono::system_clock::now())) {
        problems.push_back(std::move(*problem));
    }
    if (auto problem = audit_problem(audit_.trouble())) {
        problems.push_back(std::move(*problem));
    }
    return problems;
}

std::vector<TunnelRecord> App::tunnel_records() const {
    return store_ ? store_->records() : std::vector<TunnelRecord>();
}

std::vector<std::shared_ptr<tunnel::SessionInfo>> App::sessions() const {
    return sides_.front()->pool().sessions();
}

Doors App::doors() const {
    Doors doors;
    if (tunnel_listener_) {
        doors.tls = tunnel_listener_->socket().address().text();
    }
    if (wireguard_) {
        doors.wireguard = wireguard_->settings().listen.text();
        doors.device = wireguard_->description();
        doors.trouble = wireguard_->trouble();
        doors.standings = wireguard_->standings();
    }
    return doors;
}

std::size_t App::ready_sessions() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        sessions(), [](const auto& info) { return info->state == tunnel::SessionInfo::State::ready; }));
}

std::string App::not_ready() const {
    const bool needs_session = store_ && !store_->records().empty();
    return drain_started_                           ? "draining"
           : !listening_                            ? "not listening yet"
           : needs_session && ready_sessions() == 0 ? "no agent session"
                                                    : "";
}

status::Answer App::ready() const {
    const std::string reason = not_ready();
    boost::json::object body{{"ready", reason.empty()}, {"sessions", ready_sessions()}};
    if (!reason.empty()) {
        body["reason"] = reason;
    }
    return {reason.empty() ? 200 : 503, "application/json", boost::json::serialize(body) + "\n"};
}

}  // namespace adit
