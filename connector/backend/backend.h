// A backend as one worker uses it: its endpoints, which to try next, and their kept connections.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "connector/backend/credential.h"
#include "connector/backend/endpoint.h"
#include "connector/backend/held_budget.h"
#include "connector/http/disclosure.h"

namespace adit::backend {

/// How long each phase of an exchange may take; zero: unbounded.
struct Timeouts {
    std::chrono::milliseconds connect{5'000};
    std::chrono::milliseconds first_byte{30'000};
    std::chrono::milliseconds idle{60'000};
    std::chrono::milliseconds total{0};
};

/// What requests say of where they go and where they come from.
struct Presentation {
    bool keep_host = false;  ///< the Host that the client asked for goes on
    std::string host = {};   ///< the Host that is said otherwise; empty: the endpoint's own
    http::Disclosure disclosure = {};
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
            Holding hold = {}, Credentials attached = {});

    /// The endpoint for attempt `attempt` of an exchange that began with `first`: each in turn, those that could not be
    /// reached lately last.
    Endpoint& pick(net::Time now, std::size_t first, std::size_t attempt);
    /// Where the next exchange begins: round robin.
    std::size_t next_first() { return next_++; }
    void unreachable(Endpoint& endpoint, net::Time now) const {
        endpoint.avoid_until = now + kAvoid;
        endpoint.reach->failed(Reach::Clock::now());
    }

    const std::string name;
    const Timeouts timeouts;
    const Presentation presentation;
    const Holding holding;
    const Credentials credentials;            ///< what each try of a request carries
    const std::vector<std::string> reserved;  ///< the fields that these write
    std::size_t endpoints() const { return endpoints_.size(); }
    BackendMetrics& metrics() { return *metrics_; }

  private:
    static constexpr std::chrono::milliseconds kAvoid{5'000};
    std::vector<std::unique_ptr<Endpoint>> endpoints_;
    std::shared_ptr<BackendMetrics> metrics_;
    std::size_t next_ = 0;
};

}  // namespace adit::backend
