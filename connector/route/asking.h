// What all tries of one exchange share.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "connector/backend/backend.h"
#include "connector/http/exchange.h"
#include "connector/route/forward.h"
#include "connector/route/held_body.h"
#include "connector/route/kept_body.h"

namespace adit::route {

/// When the exchange must be over, and by whose word.
struct Ends {
    enum class By : std::uint8_t { nobody, total, grpc_timeout, earlier_hop };
    net::Time at = net::Time::max();
    By by = By::nobody;

    /// `other`, where that is sooner.
    void shorten(net::Time other, By whose) {
        if (other < at) {
            at = other;
            by = whose;
        }
    }
};

/// Made by forward(), outlives its tries; on the exchange's loop.
struct Asking {
    http::Exchange& exchange;
    backend::Backend& backend;
    const Passage& passage;
    const Plan& plan;
    Trace& trace;
    Ends ends = {};
    std::optional<std::chrono::nanoseconds> grpc_timeout = {};  ///< how long the caller of a gRPC call waits
    std::chrono::milliseconds per_try{0};                       ///< 0: unbounded
    std::optional<HeldBody> held = {};                          ///< the whole body, where credentials want that
    KeptBody* kept = nullptr;                                   ///< what has passed of it, where it may be sent again
    std::optional<KeptBody> own_kept = {};                      ///< that, unless the plan brings it
    bool client_left = false;
    bool informed = false;         ///< the client has seen an interim answer that is not 100
    bool racing = false;           ///< two tries are on: neither informs the client before its answer
    bool another_retries = false;  ///< the connector before us does (chain)
    bool continued = false;        ///< the client was told to go on (100)

    net::Loop& loop() const { return exchange.client().loop(); }
    /// What the next try sends before it goes on with what the client sends.
    std::string_view body_so_far() const {
        return held ? held->bytes() : kept && kept->whole() ? kept->bytes() : std::string_view();
    }
    /// None of the body is gone for good.
    bool body_here() const { return held || exchange.body.bytes() == 0 || (kept && kept->whole()); }
    /// A byte of an answer has reached the client.
    bool answer_begun() const { return informed || exchange.status != 0; }
    /// Whether acting on it twice is the same as once: RFC 9110 §9.2.2, or it says itself by what it is known again.
    bool idempotent() const;
    /// How long the exchange may still take, recomputed for each try.
    std::chrono::milliseconds left() const;
    /// Says whose time is over.
    problem::Failure out_of_time() const;
};

/// Adds to a failure what its caller may know of the tries before it.
void explain(problem::Failure& failure, const Asking& asking);

}  // namespace adit::route
