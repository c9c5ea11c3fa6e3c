// A copy without a client; see renewal.h.
#include "connector/policy/renewal.h"

#include <utility>

#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "connector/http/request_copy.h"

namespace adit::policy {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLongest = 60s;  ///< of a renewal, whatever its backend's timeouts say
constexpr std::size_t kSlack = 64 * 1024;            ///< by which an answer may be too large before we hang up

class Renewal final : private route::AnswerTaker {
  public:
    explicit Renewal(const RenewalOf& of)
        : request_(of.exchange),
          exchange_(request_.exchange(of.means.settings->entry_bytes + kSlack)),
          backend_(of.backend),
          passage_(of.passage),
          hold_(of.hold),
          plan_(of.plan),
          place_(of.means.cache.renewals),
          caching_(exchange_, means_of(of), effects_) {
        plan_.taker = this;
        plan_.kept = nullptr;
        plan_.hold = hold_;
        passage_.hold = hold_;
        trace_.traceparent = of.traceparent;
    }
    bool begins(const Caching& found) { return place_.taken() && caching_.begin_renewal(found); }

    static net::Task<> run(std::unique_ptr<Renewal> self) {
        const net::AbortAt guard(self->exchange_.client(), self->request_.loop().now() + kLongest);
        std::optional<problem::Failure> failure;
        do {
            failure =
                co_await route::forward(self->exchange_, *self->backend_, self->passage_, self->trace_, self->plan_);
        } while (self->caching_.asks_again());
        self->caching_.conclude_renewal(failure);
    }

  private:
    /// One of the places for renewals.
    class Place {
      public:
        explicit Place(std::atomic<std::uint32_t>& all) : all_(all), taken_(all.fetch_add(1) < cache::kRenewalsMost) {}
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() { all_.fetch_sub(1); }
        bool taken() const { return taken_; }

      private:
        std::atomic<std::uint32_t>& all_;
        const bool taken_;
    };

    /// What is in the copy's own memory.
    Caching::Means means_of(const RenewalOf& of) const {
        Caching::Means means = of.means;
        means.key.backend = backend_->name;
        means.key.authority = exchange_.request.authority;
        means.key.path = exchange_.request.path;
        means.key.query =
            backend_->presentation.forward_credential ? exchange_.request.shown_query() : exchange_.request.query;
        means.key.alone = means.key.alone == nullptr ? nullptr : passage_.caller.get();
        return means;
    }
    bool relays(http::ResponseHead& answer) override {
        if (caching_.keeps_back(answer)) {
            return false;
        }
        caching_.takes(answer);
        return true;
    }
    http::BodyTap* tap() override { return caching_.tap(); }

    http::RequestCopy request_;
    http::Exchange& exchange_;
    std::shared_ptr<backend::Backend> backend_;
    route::Passage passage_;
    std::shared_ptr<const void> hold_;
    route::Plan plan_;
    Place place_;
    route::Trace trace_;
    Effects effects_;
    Caching caching_;
};

}  // namespace

void renew(const RenewalOf& of) {
    auto renewal = std::make_unique<Renewal>(of);
    if (renewal->begins(of.found)) {
        net::spawn(of.exchange.client().loop().context(), "a stale answer's renewal", Renewal::run(std::move(renewal)));
    }
}

}  // namespace adit::policy
