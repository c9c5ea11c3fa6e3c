// Whether an endpoint is asked again: the judgement, the place in the budget and the pause; see tries.h.
#include <algorithm>

#include "common/net/alarm.h"
#include "connector/route/tries.h"

namespace adit::route {
namespace {

using resilience::Declined;
using How = resilience::NextStep::How;

constexpr std::uint32_t kPassesMost = 3;  ///< tries by which a way that was lost is replaced

}  // namespace

resilience::NextStep Tries::judge(const Failed& failure, const resilience::Ending& ending) {
    const config::Retry* settings = asking_.plan.retries ? asking_.plan.retry : nullptr;
    const bool fine = !failure && (settings == nullptr || !resilience::worth_another(settings->on, ending.outcome));
    if (fine || asking_.client_left) {
        return {How::stop, fine ? Declined::not_listed : Declined::client_left};
    }
    const resilience::Repeatable request{.idempotent = asking_.idempotent(),
                                         .body_here = asking_.body_here(),
                                         .answer_begun = asking_.answer_begun(),
                                         .switches = asks_for_websocket()};
    const resilience::Progress progress{.tries = tries_,
                                        .untried_endpoint = has_untried(),
                                        .passed_on_kept = passed_on_kept_,
                                        .another_retries = asking_.another_retries,
                                        .passes_most = asking_.plan.retries ? kPassesMost : 0};
    const resilience::NextStep step = resilience::next_step(settings, request, ending, progress);
    return step.how != How::stop && asking_.left().count() == 0 ? resilience::NextStep{How::stop, Declined::no_time}
                                                                : step;
}

/// A place in the budget and a pause; why not, where there is none.
net::Task<resilience::Declined> Tries::prepare_retry(const resilience::Ending& ending) {
    const config::Retry& settings = *asking_.plan.retry;
    ++retries_;
    const auto left = asking_.left();
    const auto time = resilience::pause_before(settings, ending.outcome, retries_, has_untried(), left, uniform());
    if (!time) {
        co_return Declined::retry_after;
    }
    if (*time >= left) {
        co_return Declined::no_time;
    }
    resilience::RetryBudget* budget = asking_.plan.retry_budget;
    if (budget != nullptr) {
        place_ = budget->take(ending.outcome.end == resilience::Outcome::End::timeout);
        if (!place_) {
            co_return Declined::budget_spent;
        }
    }
    co_await pause(*time);
    if (asking_.client_left) {
        co_return Declined::client_left;
    }
    if (budget != nullptr && !budget->still_holds()) {
        co_return Declined::budget_spent;
    }
    co_return Declined::may;
}

net::Task<> Tries::pause(std::chrono::milliseconds time) {
    const net::Time began = loop_.now();
    if (time.count() > 0) {
        net::Alarm alarm(loop_, news_);
        alarm.set(began + time);
        while (!alarm.passed() && !asking_.client_left) {
            co_await news_.wait();
        }
    }
    waited_ = loop_.now() - began;
}

}  // namespace adit::route
