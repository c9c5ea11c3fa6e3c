// The forward handler: carries one exchange to a backend and its answer back.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/backend/backend.h"
#include "connector/config/resilience.h"
#include "connector/http/exchange.h"
#include "connector/resilience/retry_rules.h"
#include "connector/route/passage.h"

namespace adit::resilience {
class Circuit;
class Hedging;
class RetryBudget;
}  // namespace adit::resilience

namespace adit::route {

class Chain;

/// A try that was not the whole story: it failed, or its answer was not the one that the client got, or it came after
/// such a one.
struct TryTold {
    enum class Phase : std::uint8_t { way, credential, connect, wait, answer };
    std::string_view endpoint;          ///< as configured; the backend's
    std::size_t ordinal = 0;            ///< of the endpoint among the backend's, from 1
    std::string agent = {};             ///< empty on a direct way
    Phase phase = Phase::way;           ///< how far it came
    std::chrono::nanoseconds waited{};  ///< before it: back-off
    std::chrono::nanoseconds took{};
    resilience::Outcome::End end = resilience::Outcome::End::neutral;
    int status = 0;                                        ///< of an answer
    std::string_view code;                                 ///< of a failure
    bool hedge = false;                                    ///< it ran beside the one before it
    resilience::Declined why = resilience::Declined::may;  ///< it was not followed by another
};

/// What happened, for the access log: filled in as the exchange goes on. Times are zero where a phase was not reached.
struct Trace {
    std::string traceparent;  ///< for the origin, where we take part in a distributed trace; set before forward()
    std::string tunnel;
    std::string agent;
    std::string endpoint;
    int attempts = 0;
    bool reused = false;
    net::Time connect_started{};
    net::Time connected{};
    net::Time first_byte{};
    std::chrono::nanoseconds origin_took{};  ///< for the head, without what the client took to send
    std::vector<TryTold> tries;              ///< where there is more to tell than the members above do
    bool panic = false;                      ///< so few endpoints were healthy that ill ones came into question
    std::string denied;  ///< why the caller may not use an endpoint, in the words of its rules; the last one
    std::string broken;  ///< why an answer that had begun was cut off, in words
    /// Why the call failed, in words for the log; empty: those of the failure, which clients are told.
    std::string withheld;
};

/// The code of the failure by which forward() tells that an AnswerTaker has not let an answer go on.
inline constexpr problem::Code kAnswerKeptBack = "answer-kept-back";

/// Looks at an origin's final answer before a byte of it goes to the client; it may be another that the client gets.
/// Implemented by what stands around forward(): a cache that has asked whether its copy is still good, a fallback.
class AnswerTaker {
  public:
    /// Whether the answer goes on to the client. Otherwise its body is discarded and forward() ends with a failure
    /// whose code is kAnswerKeptBack, once; the head is gone when this returns. Asked of final answers that no retry
    /// follows. May add fields to the head of one that goes on, whose bytes outlive forward().
    virtual bool relays(http::ResponseHead& answer) = 0;
    /// Sees the body of the answer that goes on, as the origin has sent it (before any coding of ours); asked once,
    /// after relays(). Null: nobody looks. Is told passed() at once where there is no body, and never of a body that
    /// was cut off. Outlives forward().
    virtual http::BodyTap* tap() { return nullptr; }

  protected:
    ~AnswerTaker() = default;
};

class KeptBody;

/// What a route says about how its requests are forwarded, composed with what the backend says; outlives forward().
struct Plan {
    backend::Timeouts timeouts;                       ///< route over backend over file
    const config::Retry* retry = nullptr;             ///< the route's, else the backend's; null: safe retries only
    resilience::RetryBudget* retry_budget = nullptr;  ///< of whoever says `retry`, else the backend's; null: no bound
    resilience::Hedging* hedging = nullptr;           ///< null: no second try beside a slow one
    const Chain* chain = nullptr;                     ///< null: no word of other connectors counts
    std::shared_ptr<const void> hold = {};            ///< what keeps the backend alive for what outlasts forward()
    bool retries = true;           ///< false: one try of each endpoint that cannot be reached, as of a fallback
    AnswerTaker* taker = nullptr;  ///< null: every answer goes on
    KeptBody* kept = nullptr;  ///< what passes of the body, for calls after this one; null: it is kept for retries only
    resilience::Circuit* circuit = nullptr;  ///< the route's, besides those of the backend; null: none
};

/// As the backend says it.
Plan plan_for(const backend::Backend& backend);

/// "connect".
std::string_view name(TryTold::Phase phase);
/// "status 503", or the code of a failure.
std::string outcome_of(const TryTold& told);
/// Each try in a few words, as the access log has it:
/// "http://a:80: connection-refused (connect, 3ms); after 12ms http://b:80 by a1: status 503 (answer, 9ms) not-safe".
std::string describe(const std::vector<TryTold>& tries);

/// Forwards the exchange, by endpoints that the caller may use. Answers the failure when no answer has begun (the
/// caller turns it into one); nothing when the origin's answer went out, whole, or cut off with exchange.truncate().
net::Task<std::optional<problem::Failure>> forward(http::Exchange& exchange, backend::Backend& backend,
                                                   const Passage& passage, Trace& trace, const Plan& plan);

}  // namespace adit::route
