// The tries of one exchange: which endpoint is asked next, and whether another one is.
#pragma once

#include <expected>
#include <optional>

#include "common/base/random.h"
#include "connector/resilience/retry_budget.h"
#include "connector/route/asking.h"
#include "connector/route/attempt.h"
#include "connector/route/permits.h"

namespace adit::route {

/// Lives for one forward(), on the exchange's loop.
class Tries final : private net::HangupListener {
  public:
    explicit Tries(Asking& asking);
    Tries(const Tries&) = delete;
    Tries& operator=(const Tries&) = delete;
    ~Tries();

    /// Until an answer has gone to the client, or there will be none.
    net::Task<std::optional<problem::Failure>> run();

  private:
    using Failed = std::optional<problem::Failure>;

    /// Where the next try goes.
    struct Target {
        backend::Endpoint* endpoint;
        backend::Way way;
    };

    void peer_hung_up() override;
    void pass_over_denied();
    bool has_untried() const { return at_ + 1 < order_.size() && at_ < order_.size(); }
    net::Task<std::expected<Target, problem::Failure>> find_target();
    net::Task<std::expected<Target, problem::Failure>> next_with_way();
    void note_unasked(const backend::Endpoint& endpoint, const problem::Failure& failure);
    net::Task<std::expected<backend::Way, problem::Failure>> way_to(backend::Endpoint& endpoint);
    bool wants_whole_body() const;
    net::Task<Failed> hold_body();
    net::Task<Failed> ask(Target target);
    resilience::NextStep judge(const Failed& failure, const resilience::Ending& ending);
    void tell(const resilience::Ending& ending);
    bool told_at_head(const resilience::Outcome& outcome);
    net::Task<resilience::Declined> prepare_retry(const resilience::Ending& ending);
    net::Task<> pause(std::chrono::milliseconds time);
    net::Task<Failed> relay();
    void remember(const Failed& failure, resilience::Declined why);

    Asking& asking_;
    net::Loop& loop_;
    backend::Backend::Order order_;
    std::size_t at_ = 0;  ///< in order_; beyond its end it begins again
    std::uint32_t tries_ = 0;
    std::uint32_t retries_ = 0;
    std::chrono::nanoseconds waited_{};  ///< before the try that is on
    bool passed_on_kept_ = false;
    bool renewed_ = false;  ///< the one try with another token is on
    Permits permits_;       ///< of the try that is on
    resilience::RetryPlace place_;
    resilience::ActiveRequest active_;
    std::optional<Attempt> attempt_;
    bool answer_here_ = false;  ///< the attempt has one, which nobody has taken yet
    net::Waiter left_;          ///< wakes a pause when the client leaves
};

}  // namespace adit::route
