// JSON of what connectors share; see status_state.h.
#include "connector/status_state.h"

#include <boost/json/object.hpp>

#include "common/base/time.h"

namespace adit {

boost::json::array state_rows(const StateStandings& standings) {
    boost::json::array rows;
    for (std::size_t worker = 0; worker < standings.size(); ++worker) {
        const auto& one = standings[worker];
        if (!one.configured) {
            continue;
        }
        rows.push_back(
            boost::json::object{{"worker", worker},
                                {"answers", one.answers},
                                {"since", format_time(one.since)},
                                {"master", one.master},
                                {"lag_us", std::chrono::duration_cast<std::chrono::microseconds>(one.lag).count()},
                                {"trouble", one.trouble}});
    }
    return rows;
}

std::optional<std::string> state_problem(const StateStandings& standings) {
    for (const auto& one : standings) {
        if (one.configured && !one.answers) {
            return "the state that connectors share is out of reach since " + format_time(one.since) +
                   ", so that the fail modes count: " + (one.trouble.empty() ? "not connected yet" : one.trouble);
        }
    }
    return std::nullopt;
}

}  // namespace adit
