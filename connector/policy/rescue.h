// What stands around the calls behind a route for the case that they fail: its cache, and those who answer instead.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "connector/backend/backend.h"
#include "connector/policy/caching.h"
#include "connector/policy/degrading.h"
#include "connector/policy/effects.h"
#include "connector/policy/kept_request.h"
#include "connector/policy/route_terms.h"
#include "connector/route/forward.h"
#include "connector/route/kept_body.h"
#include "connector/route/router.h"

namespace adit::policy {

/// Of one exchange, on its loop; made where Degrading::OfRoute::rescues says so. begin(), then the call, as long as
/// asks_again(), then conclude().
class Rescue final : private route::AnswerTaker {
  public:
    /// All that is referred to outlives it.
    struct Scene {
        http::Exchange& exchange;
        const Degrading& degrading;
        const RouteTerms& terms;
        const route::Route& route;  ///< the last one on the way
        std::size_t backend_index;
        std::span<const std::shared_ptr<backend::Backend>> backends;
        route::Passage& passage;
        route::Trace& trace;
        Effects& effects;
        std::shared_ptr<const void> hold;  ///< keeps what is referred to for those who go on without the exchange
    };
    /// How a backend is asked: with places in its bulkheads, say.
    class Calls {
      public:
        virtual net::Task<std::optional<problem::Failure>> call(backend::Backend& backend, const route::Plan& plan) = 0;

      protected:
        ~Calls() = default;
    };
    /// `plan`: of the call to the backend; gets what this needs to see of it.
    Rescue(const Scene& scene, route::Plan& plan, Calls& calls);
    Rescue(const Rescue&) = delete;
    Rescue& operator=(const Rescue&) = delete;

    /// False when the origin is to be asked. Else this has been the end: nothing, or the failure of take_failure().
    net::Task<bool> begin();
    std::optional<problem::Failure> take_failure() { return std::exchange(failure_, std::nullopt); }
    bool asks_again() { return caching_ && caching_->asks_again(); }
    net::Task<std::optional<problem::Failure>> conclude(std::optional<problem::Failure> failure);

  private:
    bool relays(http::ResponseHead& answer) override;
    http::BodyTap* tap() override;

    std::optional<Caching::Means> caching_means() const;
    backend::Backend& backend() const { return *scene_.backends[scene_.backend_index]; }
    bool may_use_backend() const;
    void revalidate();
    bool replayable(const backend::Backend& to) const;
    bool may_repeat(bool reached) const;
    bool viable(std::size_t from, bool reached) const;
    net::Task<std::optional<problem::Failure>> fall_back(problem::Failure failure);
    net::Task<std::optional<problem::Failure>> ask(std::size_t step);
    net::Task<> answer(const config::StaticAnswer& fixed);

    const Scene scene_;
    const route::Plan& plan_;
    const Fallback* const fallback_;  ///< null: none
    std::optional<Caching> caching_;
    Calls& calls_;
    std::optional<route::KeptBody> body_;  ///< what has passed of it, where a fallback may get it
    std::optional<KeptRequest> request_;   ///< as it was, where a fallback may get it
    std::optional<problem::Failure> failure_;
    std::size_t step_ = 0;  ///< of the fallback: what comes after the answer that is looked at
    bool falling_back_ = false;
    int kept_back_ = 0;  ///< the status of the last answer that another shall be given for
};

}  // namespace adit::policy
