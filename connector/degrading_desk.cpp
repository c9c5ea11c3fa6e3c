// Rows, actions and events; see degrading_desk.h.
#include "connector/degrading_desk.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "common/log/log.h"
#include "connector/backend/bulkhead.h"
#include "connector/backend/roster.h"

namespace adit {
namespace {

namespace json = boost::json;
using resilience::Reduction;

status::Answer told(int status, const json::value& value) {
    return {status, "application/json", json::serialize(value) + "\n"};
}

status::Answer trouble(int status, const std::string& words) {
    return told(status, json::object{{"ok", false}, {"error", words}});
}

/// A circuit that keeps calls away, or lets them back one by one. An open one that nobody has asked anything of since
/// its cooldown says nothing of now.
bool stressed(const resilience::Circuit& circuit, resilience::Time now) {
    if (circuit.state() == resilience::CircuitState::closed && circuit.forced() != resilience::CircuitForced::open) {
        return false;
    }
    const auto standing = circuit.standing(now);
    if (standing.forced != resilience::CircuitForced::no) {
        return standing.forced == resilience::CircuitForced::open;
    }
    return standing.state != resilience::CircuitState::open || (standing.next_try && *standing.next_try > now);
}

/// Fewer endpoints are well than the balance wants before it uses those that are ill, too.
bool panics(const backend::Roster& roster, resilience::Time now) {
    const std::size_t all = roster.members().size();
    std::size_t well = 0;
    for (std::size_t i = 0; i < all; ++i) {
        well += roster.fitness(i, now) == resilience::Fitness::well ? 1 : 0;
    }
    return well == 0 || well * 100 < all * roster.balance().panic;
}

/// What is wrong with one backend; empty: nothing that we know of.
std::string stress_of(const std::string& name, const backend::Guards& guards, resilience::Time now) {
    if (guards.circuit && stressed(*guards.circuit, now)) {
        return "backend " + name + ": its circuit is " + std::string(resilience::name(guards.circuit->state()));
    }
    const auto& circuits = guards.endpoint_circuits;
    if (!circuits.empty() && std::ranges::all_of(circuits, [&](const auto& one) { return stressed(*one, now); })) {
        return "backend " + name + ": the circuits of all its endpoints are open";
    }
    if (guards.bulkhead && guards.bulkhead->places &&
        (guards.bulkhead->places->waiting() > 0 ||
         guards.bulkhead->places->in_progress() >= guards.bulkhead->limit())) {
        return "backend " + name + ": its bulkhead is full";
    }
    if (guards.roster && panics(*guards.roster, now)) {
        return "backend " + name + ": too few of its endpoints are well";
    }
    return {};
}

}  // namespace

json::object cache_standing(const cache::Store::Figures& figures, const config::CacheStore& bounds) {
    return {{"entries", figures.entries},
            {"entries_most", bounds.entries},
            {"bytes", figures.bytes},
            {"bytes_most", bounds.memory},
            {"evicted", figures.evicted}};
}

json::object reduction_standing(const Reduction::Standing& standing, WallTime now) {
    json::object row{{"reduced", standing.reduced}, {"switch", name(standing.by)}};
    if (!standing.why.empty()) {
        row["why"] = standing.why;
    }
    if (standing.since) {
        const auto since = std::chrono::duration_cast<WallTime::duration>(*standing.since - resilience::Clock::now());
        row["since"] = format_time(now + since);
    }
    return row;
}

std::string stress_of(const Generation& generation, resilience::Time now) {
    for (std::size_t i = 0; i < generation.configuration.backends.size(); ++i) {
        const config::Backend& backend = generation.configuration.backends[i];
        if (!backend.essential) {
            continue;
        }
        if (std::string stress = stress_of(backend.name, *generation.guards[i], now); !stress.empty()) {
            return stress;
        }
    }
    return {};
}

DegradingDesk::DegradingDesk(Fabric& fabric, ConnectorMetrics& metrics)
    : fabric_(fabric), store_(metrics.cache_store()), reduction_(metrics.reduction()) {}

void DegradingDesk::look(const Generation& generation) {
    const resilience::Time now = resilience::Clock::now();
    if (const auto change = fabric_.reduction.look(stress_of(generation, now), now)) {
        tell(*change);
    }
}

void DegradingDesk::tell(const Reduction::Change& change) {
    reduction_->reduced.Set(change.reduced ? 1 : 0);
    fabric_.events.tell({.kind = change.reduced ? event::Kind::degrade_on : event::Kind::degrade_off,
                         .subject = "connector",
                         .reason = change.why,
                         .details = {{"switch", std::string(name(fabric_.reduction.standing().by))}}});
}

void DegradingDesk::show() {
    const auto figures = fabric_.cache.store.figures();
    store_->show(figures.entries, figures.bytes, figures.evicted);
}

void DegradingDesk::serve_at(status::Server& server, AuditLog& audit) {
    server.add("/cache", [this] { return cache_told(); });
    server.add_below("/cache/", [this, &audit](const status::Asked& asked) { return purge(asked, audit); });
    server.add("/degrade", [this] { return reduction_told(); });
    server.add_below("/degrade/", [this, &audit](const status::Asked& asked) { return turn(asked, audit); });
}

status::Answer DegradingDesk::cache_told() const {
    return told(200, cache_standing(fabric_.cache.store.figures(), fabric_.cache.store.bounds()));
}

status::Answer DegradingDesk::reduction_told() const {
    return told(200, reduction_standing(fabric_.reduction.standing(), std::chrono::system_clock::now()));
}

status::Answer DegradingDesk::purge(const status::Asked& asked, AuditLog& audit) {
    const auto& path = asked.segments;
    const bool all = path.size() == 1;
    if (path.empty() || path[0] != "purge" || !(all || path.size() == 3) ||
        (!all && path[1] != "route" && path[1] != "prefix")) {
        return trouble(404, "a cache is told to purge, purge/route/NAME or purge/prefix/PATH");
    }
    if (!asked.changes) {
        return {405, "text/plain; charset=utf-8", "only POST\n", "POST"};
    }
    cache::Store::Which which;
    if (!all) {
        (path[1] == "route" ? which.route : which.path_prefix) = path[2];
    }
    const std::uint64_t entries = fabric_.cache.store.figures().entries;
    const std::uint64_t leaving = std::min<std::uint64_t>(entries, fabric_.cache.store.count(which));
    if (const auto written = audit.write({.by = asked.caller,
                                          .what = "cache purge",
                                          .subject = all ? "" : path[1] + " " + path[2],
                                          .request = asked.request,
                                          .before = json::object{{"entries", entries}},
                                          .after = json::object{{"entries", entries - leaving}}});
        !written) {
        return trouble(503, "nothing was changed: " + written.error().message);
    }
    const std::size_t purged = fabric_.cache.store.purge(which, resilience::Clock::now());
    logging::info("cache purged", {{"answers", purged}, {"route", which.route}, {"path_prefix", which.path_prefix}});
    return told(200, json::object{{"ok", true}, {"purged", purged}});
}

status::Answer DegradingDesk::turn(const status::Asked& asked, AuditLog& audit) {
    static constexpr std::array<std::pair<std::string_view, Reduction::Switch>, 3> kPositions{
        {{"on", Reduction::Switch::on}, {"off", Reduction::Switch::off}, {"auto", Reduction::Switch::automatic}}};
    const auto to = asked.segments.size() != 1
                        ? kPositions.end()
                        : std::ranges::find(kPositions, asked.segments[0], [](const auto& one) { return one.first; });
    if (to == kPositions.end()) {
        return trouble(404, "functionality is turned on, off or auto");
    }
    if (!asked.changes) {
        return {405, "text/plain; charset=utf-8", "only POST\n", "POST"};
    }
    const auto before = fabric_.reduction.standing();
    const bool after = fabric_.reduction.would_reduce(to->second, resilience::Clock::now());
    if (const auto written =
            audit.write({.by = asked.caller,
                         .what = "degrade " + asked.segments[0],
                         .request = asked.request,
                         .before = json::object{{"switch", name(before.by)}, {"reduced", before.reduced}},
                         .after = json::object{{"switch", name(to->second)}, {"reduced", after}}});
        !written) {
        return trouble(503, "nothing was changed: " + written.error().message);
    }
    if (const auto change = fabric_.reduction.set(to->second, resilience::Clock::now())) {
        tell(*change);
    }
    return reduction_told();
}

}  // namespace adit
