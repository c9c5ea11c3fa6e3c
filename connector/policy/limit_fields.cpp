// Two fields of an answer; see limit_fields.h.
#include "connector/policy/limit_fields.h"

#include <algorithm>
#include <charconv>

namespace adit::policy {
namespace {

using Result = resilience::LimitVerdict::Result;

bool is_tighter(const resilience::LimitVerdict& one, const resilience::LimitVerdict& other) {
    const bool refused = one.result != Result::allowed;
    return refused != (other.result != Result::allowed) ? refused : one.left < other.left;
}

}  // namespace

void LimitFields::note(const RateLimit::Ticket& ticket) {
    if (ticket.tier == nullptr || ticket.tier->policy_field.empty() || ticket.verdict.result == Result::unavailable) {
        return;
    }
    if (tier_ == nullptr || is_tighter(ticket.verdict, verdict_)) {
        tier_ = ticket.tier;
        verdict_ = ticket.verdict;
    }
}

void LimitFields::stand_before(http::Exchange& exchange) {
    if (tier_ != nullptr && exchange.answer_filter != this) {
        exchange_ = &exchange;
        next_ = exchange.answer_filter;
        exchange.answer_filter = this;
    }
}

void LimitFields::filter(http::ResponseHead& response, http::Exchange& exchange) {
    char* at = text_.data();
    char* const end = at + text_.size();
    const auto append = [&](std::string_view text) {
        at = std::copy_n(text.begin(), std::min<std::size_t>(text.size(), static_cast<std::size_t>(end - at)), at);
    };
    const auto number = [&](std::uint64_t value) { at = std::to_chars(at, end, value).ptr; };
    append(tier_->window_names[verdict_.window]);
    append(";r=");
    number(verdict_.left);
    append(";t=");
    number(static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(verdict_.reset).count()));
    response.fields.push_back({"ratelimit-policy", tier_->policy_field});
    response.fields.push_back(
        {"ratelimit", std::string_view(text_.data(), static_cast<std::size_t>(at - text_.data()))});
    if (next_ != nullptr) {
        next_->filter(response, exchange);
    }
}

}  // namespace adit::policy
