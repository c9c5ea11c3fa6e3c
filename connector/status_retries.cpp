// JSON of retry budgets; see status_retries.h.
#include "connector/status_retries.h"

#include <boost/json/object.hpp>

#include "connector/resilience/retry_budget.h"

namespace adit {
namespace {

namespace json = boost::json;

json::object row_of(std::string name, const config::Retry& retry, const resilience::RetryBudget& budget) {
    json::object row{{"name", std::move(name)},
                     {"attempts", retry.attempts},
                     {"requests", budget.active()},
                     {"retries", budget.retries()},
                     {"hedged", retry.hedge.has_value()}};
    if (!budget.unbounded()) {
        row["retries_most"] = budget.most();
        row["tokens"] = budget.tokens();
    }
    return row;
}

}  // namespace

json::array retries_of(const Generation& generation) {
    json::array list;
    const config::Configuration& configuration = generation.configuration;
    for (std::size_t i = 0; i < configuration.backends.size(); ++i) {
        const backend::Guards& guards = *generation.guards[i];
        if (guards.retry && guards.retry_budget) {
            list.push_back(row_of("backend:" + configuration.backends[i].name, *guards.retry, *guards.retry_budget));
        }
    }
    for (std::size_t i = 0; i < configuration.routes.size(); ++i) {
        const policy::RouteTerms& terms = generation.routes->terms[i];
        if (terms.retry && terms.retry_budget) {
            list.push_back(row_of("route:" + configuration.routes[i].name, *terms.retry, *terms.retry_budget));
        }
    }
    return list;
}

}  // namespace adit
