// JSON of endpoints; see status_endpoints.h.
#include "connector/status_endpoints.h"

namespace adit {
namespace {

namespace json = boost::json;

const char* state_of(resilience::Fitness fitness) {
    switch (fitness) {
        case resilience::Fitness::unhealthy:
            return "unhealthy";
        case resilience::Fitness::ejected:
            return "ejected";
        case resilience::Fitness::well:
            break;
    }
    return "well";
}

}  // namespace

json::array endpoint_rows(const backend::Roster& roster, resilience::Time now, WallTime wall) {
    json::array rows;
    for (std::size_t i = 0; i < roster.members().size(); ++i) {
        const backend::Roster::Member& member = roster.members()[i];
        const backend::Vitals& vitals = *member.vitals;
        const resilience::Fitness fitness = roster.fitness(i, now);
        json::object row{
            {"endpoint", member.url},          {"state", state_of(fitness)},
            {"weight", member.weight},         {"priority", member.priority},
            {"in_flight", vitals.in_flight()}, {"latency_ms", static_cast<double>(vitals.latency().count()) / 1000.0}};
        if (!member.zone.empty()) {
            row["zone"] = member.zone;
        }
        if (roster.warms_up(i, now)) {
            row["warming_up"] = true;
        }
        if (roster.health()) {
            row["checked"] = vitals.health() != backend::Health::unknown;
        }
        if (fitness == resilience::Fitness::ejected) {
            const auto left = std::chrono::duration_cast<WallTime::duration>(vitals.ejections->back() - now);
            row["ejected_until"] = format_time(wall + left);
            row["ejections"] = vitals.ejections->times.load();
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace adit
