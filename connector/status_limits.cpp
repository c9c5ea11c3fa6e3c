// JSON of limits; see status_limits.h.
#include "connector/status_limits.h"

#include <boost/json/object.hpp>

namespace adit {
namespace {

namespace json = boost::json;

void add_rejected(json::object& row, const BulkheadMetrics& metrics) {
    row["rejected_full"] = static_cast<std::uint64_t>(metrics.full.Value());
    row["rejected_timeout"] = static_cast<std::uint64_t>(metrics.timed_out.Value());
}

}  // namespace

json::array bulkheads_of(const LimitsInUse& limits) {
    json::array list;
    for (const auto& [name, bulkhead] : limits.bulkheads) {
        json::object row{{"name", name},
                         {"in_progress", bulkhead->places->in_progress()},
                         {"limit", bulkhead->limit()},
                         {"adaptive", bulkhead->bounds.adaptive.has_value()},
                         {"waiting", bulkhead->places->waiting()},
                         {"queue", bulkhead->bounds.queue}};
        add_rejected(row, *bulkhead->metrics);
        list.push_back(std::move(row));
    }
    for (const auto& [name, caller] : limits.callers) {
        const auto sum = caller->state->table.sum();
        json::object row{{"name", caller->all.name},
                         {"in_progress", sum.in_progress},
                         {"limit", caller->all.bounds.concurrent},
                         {"adaptive", caller->all.bounds.adaptive.has_value()},
                         {"waiting", sum.waiting},
                         {"queue", caller->all.bounds.queue},
                         {"callers", sum.callers},
                         {"most_of_one", sum.most}};
        add_rejected(row, *caller->all.metrics);
        list.push_back(std::move(row));
    }
    return list;
}

json::array rate_limits_of(const LimitsInUse& limits, resilience::Time now) {
    json::array list;
    for (const auto& [name, rate] : limits.rates) {
        const policy::RateLimitState& state = *rate->state();
        list.push_back(json::object{{"policy", name},
                                    {"dry_run", rate->dry_run()},
                                    {"refused_lately", state.refused.count(now)},
                                    {"allowed", static_cast<std::uint64_t>(state.metrics->allowed.Value())},
                                    {"bans", static_cast<std::uint64_t>(state.metrics->bans.Value())},
                                    {"share", static_cast<double>(rate->share(now)) / resilience::kWholeShare},
                                    {"forgotten", state.local->forgotten()}});
    }
    return list;
}

}  // namespace adit
