// The places in bulkheads that a request holds: of its caller, its routes and its backend.
#pragma once

#include <boost/container/small_vector.hpp>
#include <memory>
#include <optional>

#include "connector/backend/bulkhead.h"
#include "connector/config/limits.h"
#include "connector/http/exchange.h"
#include "connector/policy/caller_key.h"
#include "connector/policy/effects.h"
#include "connector/resilience/bulkhead_table.h"

namespace adit::policy {

/// What outlives the generations of a policy `bulkhead`. Any thread.
struct CallerBulkheadState {
    CallerBulkheadState(std::uint64_t k0, std::uint64_t k1) : hash(k0, k1), table(config::defaults::limited_callers) {}
    const KeyedHash<> hash;
    resilience::BulkheadTable table;
};

/// The policy `bulkhead`: each caller has places of his own. Compiled once per generation.
struct CallerBulkhead {
    backend::Bulkhead all;  ///< name, bounds and metrics
    config::RateLimit::Key by;
    std::shared_ptr<CallerBulkheadState> state;

    /// Null: there are too many callers.
    std::shared_ptr<resilience::Bulkhead> places_of(const Asker& asker) const {
        return state->table.find_or_make(CallerKey(by, asker).hash(state->hash));
    }
};

/// Owned by the coroutine that forwards the request: all places are given up when it has ended, after the last byte.
class Places {
  public:
    /// How long one may wait for all places together, and who is told of it.
    struct Patience {
        net::Time until = net::Time::max();  ///< the end of the total timeout
        Effects& effects;
    };

    /// Whether there is a place in it already: a request that passes a bulkhead twice is one request.
    bool holds(const resilience::Bulkhead& places) const;
    /// Takes a place that is free. False: wait() for one.
    bool take(const backend::Bulkhead& of, const std::shared_ptr<resilience::Bulkhead>& places);
    /// Stands in the queue; the failure when there is no room in it, the wait was too long, or the client has gone.
    net::Task<std::optional<problem::Failure>> wait(const backend::Bulkhead& of,
                                                    std::shared_ptr<resilience::Bulkhead> places,
                                                    http::Exchange& exchange, Patience patience);
    /// What came of the request, for limits that find themselves.
    void sample(std::chrono::nanoseconds took, bool throttled, net::Time now);

  private:
    struct Held {
        const backend::Bulkhead* of;
        resilience::Bulkhead* places;
        resilience::Place place;
    };
    boost::container::small_vector<Held, 3> held_;
};

/// All callers of the policy have their places, and no more can be told apart.
problem::Failure no_room_for_caller(const backend::Bulkhead& of, Effects& effects);

}  // namespace adit::policy
