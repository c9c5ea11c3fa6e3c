// The tries of one exchange: which endpoint is asked next, and whether another one is.
#pragma once

#include <array>
#include <expected>
#include <optional>

#include "common/base/random.h"
#include "connector/resilience/retry_budget.h"
#include "connector/route/asking.h"
#include "connector/route/attempt.h"
#include "connector/route/candidates.h"
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

    /// A try; where a second one may run beside it, on a coroutine of its own.
    struct Racer {
        std::optional<Attempt> attempt;
        Failed failure;
        Permits permits;
        bool over = true;
        bool recorded = false;  ///< its end is told
    };

    /// Where the next try goes.
    struct Target {
        backend::Endpoint* endpoint;
        backend::Way way;
    };

    void peer_hung_up() override;
    bool has_untried() { return candidates_.next() != nullptr; }
    net::Task<std::expected<Target, problem::Failure>> find_target();
    net::Task<std::expected<Target, problem::Failure>> next_with_way();
    net::Task<Failed> settle_for(problem::Failure failure);
    void note_unasked(const backend::Endpoint& endpoint, const problem::Failure& failure);
    net::Task<std::expected<backend::Way, problem::Failure>> way_to(backend::Endpoint& endpoint);
    bool asks_for_websocket() const;
    bool wants_whole_body() const;
    net::Task<Failed> hold_body();
    net::Task<Failed> ask(Target target);
    Attempt& attempt() { return *current_->attempt; }
    void begin(Racer& racer, Target target);
    bool may_race() const;
    net::Task<> race(std::chrono::milliseconds after);
    std::optional<Target> rival_target();
    bool has_won(const Racer& racer) const;
    net::Task<> until_decided(const bool& early);
    net::Task<> retire(Racer& loser);
    void note_unreached(const Racer& racer, const resilience::Ending& ending);
    static double uniform();
    static net::Task<> run_racer(Tries& self, Racer& racer);
    resilience::NextStep judge(const Failed& failure, const resilience::Ending& ending);
    void tell(const resilience::Ending& ending);
    void record(Racer& racer, const resilience::Outcome& outcome);
    bool told_at_head(const resilience::Outcome& outcome);
    net::Task<resilience::Declined> prepare_retry(const resilience::Ending& ending);
    net::Task<> pause(std::chrono::milliseconds time);
    net::Task<Failed> relay();
    void sign_answer(std::string& tries, std::string& proxy_status);
    void count_step(const resilience::Ending& ending, resilience::Declined why);
    void remember(const Failed& failure, resilience::Declined why);

    Asking& asking_;
    net::Loop& loop_;
    Candidates candidates_;
    std::uint32_t tries_ = 0;
    std::uint32_t retries_ = 0;
    std::chrono::nanoseconds waited_{};  ///< before the try that is on
    bool passed_on_kept_ = false;
    bool renewed_ = false;  ///< the one try with another token is on
    Failed earlier_ = {};   ///< what the try before this one came to; nothing: it was answered, or there was none
    resilience::RetryPlace place_;
    resilience::ActiveRequest active_;
    std::array<Racer, 2> racers_ = {};
    Racer* current_ = racers_.data();  ///< whose answer or failure counts
    bool answer_here_ = false;         ///< the attempt has one, which nobody has taken yet
    net::Waiter news_;                 ///< a racer has ended, a time has passed, the client has left
};

}  // namespace adit::route
