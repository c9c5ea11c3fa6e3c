// Whether a request may be sent once more, and after what pause. Pure: RFC 9110 §9.2.2 and the lists of a
// configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "connector/config/resilience.h"
#include "connector/resilience/outcome.h"

namespace adit::resilience {

/// What another try would repeat.
struct Repeatable {
    bool idempotent = false;    ///< by its method, or an Idempotency-Key
    bool body_here = true;      ///< none of the body is gone, or all that went is kept
    bool answer_begun = false;  ///< a byte of an answer went to the client; 100 (Continue) is none
    bool switches = false;      ///< it asks to switch protocols
};

/// How a try ended, and how much of the request it can have cost.
struct Ending {
    Outcome outcome;
    bool not_sent = false;    ///< nothing of it can have reached an application
    bool unreached = false;   ///< the endpoint itself could not be reached: others come first for a while
    bool final_here = false;  ///< another try on the same way would end the same
    bool kept = false;        ///< it was on a connection that had carried others
};

/// Why a request is not tried again. `may` is none of these.
enum class Declined : std::uint8_t {
    may,
    not_listed,       ///< that is how it ended, and nobody asked for another try
    not_safe,         ///< the origin may have acted on it, and acting twice is not the same
    body_gone,        ///< a part of the body was not kept
    answer_begun,     ///< the client has seen a part of an answer
    attempts_used,    ///< there have been as many as there may be
    budget_spent,     ///< too many of the backend's requests are retries
    retry_after,      ///< the origin asks for more patience than there is
    no_time,          ///< the exchange would be over
    no_endpoint,      ///< nowhere to go
    circuit_open,     ///< a circuit opened meanwhile
    another_retries,  ///< the connector before us does (chain)
    client_left,
};

/// "budget-spent", for logs, metrics and problem answers; empty for may.
std::string_view name(Declined why);

/// The next step after a try that did not end well.
struct NextStep {
    enum class How : std::uint8_t {
        stop,       ///< `why` says for what reason
        pass_on,    ///< at once, to another endpoint or connection: this one has cost the origin nothing
        try_again,  ///< a retry: within the budget, after a pause
    };
    How how = How::stop;
    Declined why = Declined::not_listed;
    friend bool operator==(const NextStep&, const NextStep&) = default;
};

/// How far a request has come.
struct Progress {
    std::uint32_t tries = 0;        ///< that were made
    bool untried_endpoint = false;  ///< there is an endpoint that was not asked yet
    bool passed_on_kept = false;    ///< a kept connection has failed it already
    bool another_retries = false;   ///< chain: the connector before us does
    std::uint32_t passes_most = 3;  ///< tries in all by which a lost way is replaced
};

/// `settings` null: nobody configured retries, and only what is safe for every request is done.
NextStep next_step(const config::Retry* settings, const Repeatable& request, const Ending& ending,
                   const Progress& progress);

/// Whether an ending is one of those that are listed. A timeout of ours is what clients see as 504.
bool worth_another(const config::Conditions& on, const Outcome& outcome);

/// How long to wait before the `retry`-th retry (from 1); nothing when the origin's Retry-After is too long for the
/// settings or for what is `left` of the exchange. `uniform`: from [0, 1). `elsewhere`: it goes to another endpoint.
std::optional<std::chrono::milliseconds> pause_before(const config::Retry& settings, const Outcome& outcome,
                                                      std::uint32_t retry, bool elsewhere,
                                                      std::chrono::milliseconds left, double uniform);

/// Until when a try has to have its head: as configured, else an even share of the total where there may be several
/// tries (at most 10 s); 0: no bound.
std::chrono::milliseconds per_try(const config::Timeouts& timeouts, const config::Retry* settings);

}  // namespace adit::resilience
