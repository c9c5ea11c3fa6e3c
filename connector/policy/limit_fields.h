// What answers say of rate limits: RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10).
#pragma once

#include <array>

#include "connector/http/exchange.h"
#include "connector/policy/rate_limit.h"

namespace adit::policy {

/// Adds both fields, of the window with the fewest tokens left of all limits on the way, to the head of the answer,
/// whether an origin's or our own; then hands on to the filter that stood there before. Lives as long as the exchange.
class LimitFields final : private http::AnswerFilter {
  public:
    LimitFields() = default;
    LimitFields(const LimitFields&) = delete;
    LimitFields& operator=(const LimitFields&) = delete;
    ~LimitFields() {
        if (exchange_ != nullptr && exchange_->answer_filter == this) {
            exchange_->answer_filter = nullptr;
        }
    }

    /// One more limit on the way.
    void note(const RateLimit::Ticket& ticket);
    /// Stands before the filter that the exchange has now; where nothing is to be told it does nothing.
    void stand_before(http::Exchange& exchange);

  private:
    void filter(http::ResponseHead& response, http::Exchange& exchange) override;

    http::Exchange* exchange_ = nullptr;  ///< that it filters answers of
    http::AnswerFilter* next_ = nullptr;
    const RateLimit::Tier* tier_ = nullptr;  ///< null: nothing to tell
    resilience::LimitVerdict verdict_;
    std::array<char, 160> text_{};  ///< behind the field RateLimit; names of policies have 64 characters at most
};

}  // namespace adit::policy
