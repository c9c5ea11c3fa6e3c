// A backend as one worker uses it: its endpoints, which to try next, and their kept connections.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "connector/backend/credential.h"
#include "connector/backend/endpoint.h"
#include "connector/backend/guards.h"
#include "connector/backend/held_budget.h"
#include "connector/backend/selection.h"
#include "connector/config/resilience.h"
#include "connector/http/disclosure.h"

namespace adit::backend {

using config::Timeouts;

/// What requests say of where they go and where they come from.
struct Presentation {
    bool keep_host = false;  ///< the Host that the client asked for goes on
    std::string host = {};   ///< the Host that is said otherwise; empty: the endpoint's own
    http::Disclosure disclosure = {};
    std::string deadline_field = {};  ///< says how many milliseconds are left; empty: none does
    bool disclose_attempts = false;   ///< problem answers name endpoints and agents
    bool forward_credential = false;  ///< what authenticated the caller to us goes on
};

/// Whether request bodies are read whole before they go on, and up to what.
struct Holding {
    std::size_t most = 0;  ///< bytes of one body; 0: bodies are streamed
    std::shared_ptr<HeldBudget> budget = {};
};

class Backend {
  public:
    Backend(std::string name, const Timeouts& timeouts, Presentation presentation,
            std::vector<std::unique_ptr<Endpoint>> endpoints, std::shared_ptr<BackendMetrics> metrics,
            Holding hold = {}, Credentials attached = {},
            std::shared_ptr<const Guards> guarded_by = std::make_shared<const Guards>());

    /// The order in which a request tries the endpoints. `key`: requests of the same key go to the same endpoint, where
    /// the balance is hash; none: by chance.
    Selection select(std::optional<std::uint64_t> key = std::nullopt) { return {spread_, endpoints_, key}; }
    /// What a try of a request came to, once for each: outliers are found by it.
    void report(const Endpoint& endpoint, const resilience::Outcome& outcome, net::Time now) {
        spread_.roster().report(endpoint.index, outcome, now, spread_.uniform());
    }
    /// Nothing can have reached it: others come first for a while.
    void unreachable(Endpoint& endpoint, net::Time now) {
        spread_.avoid(endpoint.index, now + kAvoid, now);
        endpoint.reach->failed(Reach::Clock::now());
    }
    /// Why a selection answered nobody at all.
    problem::Failure nobody(net::Time now) const;

    const std::string name;
    const Timeouts timeouts;
    const Presentation presentation;
    const Holding holding;
    const Credentials credentials;            ///< what each try of a request carries
    const std::vector<std::string> reserved;  ///< the fields that these write
    const std::shared_ptr<const Guards> guards;
    std::size_t endpoints() const { return endpoints_.size(); }
    const Endpoint& endpoint(std::size_t index) const { return *endpoints_[index]; }
    BackendMetrics& metrics() { return *metrics_; }
    const Roster& roster() const { return *roster_; }

  private:
    static constexpr std::chrono::milliseconds kAvoid{5'000};
    std::vector<std::unique_ptr<Endpoint>> endpoints_;
    std::shared_ptr<BackendMetrics> metrics_;
    std::shared_ptr<Roster> roster_;
    Spread spread_;
};

}  // namespace adit::backend
