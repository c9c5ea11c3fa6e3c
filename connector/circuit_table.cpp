// Rows, gauges and actions; see circuit_table.h.
#include "connector/circuit_table.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

namespace adit {
namespace {

namespace json = boost::json;
using resilience::CircuitForced;
using resilience::CircuitStanding;
using resilience::CircuitState;

WallTime on_the_wall(resilience::Time time, WallTime now) {
    return now + std::chrono::duration_cast<WallTime::duration>(time - resilience::Clock::now());
}

/// What callers meet: the word of an operator, or the state.
std::string shown_state(const CircuitStanding& of) {
    return of.forced == CircuitForced::open     ? "forced open"
           : of.forced == CircuitForced::closed ? "forced closed"
           : of.stranded                        ? "stranded"
                                                : std::string(name(of.state));
}

json::object row_of(const CircuitStanding& of, WallTime now) {
    json::object row{{"name", of.name},
                     {"state", shown_state(of)},
                     {"forced", name(of.forced)},
                     {"calls", of.latest.calls},
                     {"failures", of.latest.failures},
                     {"slow", of.latest.slow},
                     {"consecutive", of.consecutive},
                     {"probes", of.probes},
                     {"refused", of.refused},
                     {"opened", of.opened}};
    if (!of.why.empty()) {
        row["since"] = format_time(on_the_wall(of.since, now));
        row["why"] = of.why;
    }
    if (of.next_try) {
        row["next_try"] = format_time(on_the_wall(*of.next_try, now));
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*of.next_try - resilience::Clock::now());
        row["next_try_ms"] = std::max<std::int64_t>(left.count(), 0);
    }
    return row;
}

status::Answer told(int status, const json::value& value) {
    return {status, "application/json", json::serialize(value) + "\n"};
}

status::Answer trouble(int status, const std::string& words) {
    return told(status, json::object{{"ok", false}, {"error", words}});
}

/// For the gauge: what lets the most through is the least.
int level(const CircuitStanding& of) {
    static constexpr std::array levels{0, 3, 2, 1};  // closed, open, half open, recovering
    return of.forced == CircuitForced::open || of.stranded ? 3
           : of.forced == CircuitForced::closed            ? 0
                                                           : levels[static_cast<std::size_t>(of.state)];
}

}  // namespace

json::array circuit_rows(const std::vector<UsedCircuit>& circuits, WallTime now) {
    json::array rows;
    for (const UsedCircuit& one : circuits) {
        rows.push_back(row_of(one.circuit->standing(resilience::Clock::now()), now));
    }
    return rows;
}

std::vector<std::string> circuit_problems(const std::vector<UsedCircuit>& circuits, WallTime now) {
    std::vector<std::string> problems;
    for (const UsedCircuit& one : circuits) {
        const CircuitStanding of = one.circuit->standing(resilience::Clock::now());
        if (of.forced == CircuitForced::no && of.state == CircuitState::closed && !of.stranded) {
            continue;
        }
        std::string problem = "circuit " + of.name + " is " + shown_state(of);
        if (!of.why.empty()) {
            problem += " since " + format_time(on_the_wall(of.since, now)) + ": " + of.why;
        }
        if (of.forced != CircuitForced::no) {
            problem += "; adit-connector circuit auto lets it decide again";
        }
        problems.push_back(std::move(problem));
    }
    return problems;
}

void CircuitTable::look() const {
    for (const auto& circuit : circuits_.all()) {
        circuit->look(resilience::Clock::now());
    }
}

void CircuitTable::show() {
    std::set<std::string, std::less<>> there;
    for (const auto& circuit : circuits_.all()) {
        const CircuitStanding of = circuit->standing(resilience::Clock::now());
        auto& metrics = shown_[of.name];
        if (!metrics) {
            metrics = std::make_unique<CircuitMetrics>(metrics_, of.name);
        }
        metrics->show(level(of), of.refused);
        there.insert(of.name);
    }
    std::erase_if(shown_, [&](const auto& one) { return !there.contains(one.first); });
}

void CircuitTable::serve_at(status::Server& server, AuditLog& audit) {
    server.add("/circuits", [this] { return list(); });
    server.add_below("/circuits/", [this, &audit](const status::Asked& asked) { return one(asked, audit); });
}

status::Answer CircuitTable::list() const {
    json::array rows;
    for (const auto& circuit : circuits_.all()) {
        rows.push_back(row_of(circuit->standing(resilience::Clock::now()), std::chrono::system_clock::now()));
    }
    return told(200, json::object{{"circuits", std::move(rows)}});
}

/// By its name, or by what stands behind its kind where that is enough.
std::shared_ptr<resilience::Circuit> CircuitTable::find(const std::string& name) const {
    auto found = circuits_.find(name);
    if (!found) {
        auto all = circuits_.all();
        std::erase_if(all, [&](const auto& one) { return !one->name().ends_with(":" + name); });
        found = all.size() == 1 ? all.front() : nullptr;
    }
    return found;
}

status::Answer CircuitTable::one(const status::Asked& asked, AuditLog& audit) const {
    const auto& path = asked.segments;
    const auto circuit = path.empty() ? nullptr : find(path.front());
    if (!circuit) {
        return trouble(404, "there is no circuit " + (path.empty() ? std::string() : path.front()));
    }
    const resilience::Time now = resilience::Clock::now();
    if (path.size() == 1) {
        return asked.changes ? status::Answer{405, "text/plain; charset=utf-8", "only GET and HEAD\n", "GET, HEAD"}
                             : told(200, row_of(circuit->standing(now), std::chrono::system_clock::now()));
    }
    static constexpr std::array<std::pair<std::string_view, CircuitForced>, 3> kActions{
        {{"open", CircuitForced::open}, {"close", CircuitForced::closed}, {"auto", CircuitForced::no}}};
    const auto action = std::ranges::find(kActions, path[1], [](const auto& known) { return known.first; });
    if (path.size() > 2 || action == kActions.end()) {
        return trouble(404, "a circuit is told to open, close or auto");
    }
    if (!asked.changes) {
        return {405, "text/plain; charset=utf-8", "only POST\n", "POST"};
    }
    return force(*circuit, action->first, action->second, asked, audit);
}

status::Answer CircuitTable::force(resilience::Circuit& circuit, std::string_view action, CircuitForced to,
                                   const status::Asked& asked, AuditLog& audit) {
    const resilience::Time now = resilience::Clock::now();
    CircuitStanding of = circuit.standing(now);
    Change change{.by = asked.caller,
                  .what = "circuit " + std::string(action),
                  .subject = of.name,
                  .request = asked.request,
                  .before = json::object{{"forced", name(of.forced)}, {"state", shown_state(of)}}};
    of.forced = to;
    change.after = json::object{{"forced", name(of.forced)}, {"state", shown_state(of)}};
    if (const auto written = audit.write(change); !written) {
        return trouble(503, "nothing was changed: " + written.error().message);
    }
    circuit.force(to, now);
    return told(200, row_of(circuit.standing(now), std::chrono::system_clock::now()));
}

}  // namespace adit
