// In which order one request tries the endpoints of a backend.
#pragma once

#include "connector/backend/endpoint.h"
#include "connector/backend/spread.h"

namespace adit::backend {

/// Made by Backend::select() for one request; a value that allocates nothing. On its worker's thread, while the backend
/// lives. Each step looks at how endpoints stand then, not at how they stood when the request began.
class Selection {
  public:
    using Endpoints = std::vector<std::unique_ptr<Endpoint>>;
    Selection(Spread& spread, const Endpoints& endpoints, std::optional<std::uint64_t> key)
        : spread_(&spread), endpoints_(&endpoints), draw_(spread.draw(key)) {}

    /// The best endpoint that this request has not had yet; null when it has had all that come into question. Who is
    /// unhealthy by active checks does not, except in a panic; who is ejected or was out of reach lately comes last.
    Endpoint* next(net::Time now) {
        const auto picked = spread_->pick(draw_, taken_, taken_.none(), now);
        if (!picked) {
            return nullptr;
        }
        panicking_ = panicking_ || spread_->panicking();
        taken_.set(*picked);
        return (*endpoints_)[*picked].get();
    }
    /// Endpoints that it had may come again, as for a try on another connection; but not those that it must not use.
    void again() { taken_ = barred_; }
    /// The request must not use this one; next() does not answer it again.
    void bar(const Endpoint& endpoint) {
        barred_.set(endpoint.index);
        taken_.set(endpoint.index);
    }
    /// So few endpoints were healthy that ill ones came into question (Balance::panic).
    bool panicking() const { return panicking_; }

  private:
    Spread* spread_;
    const Endpoints* endpoints_;
    Spread::Draw draw_;
    Spread::Taken taken_;
    Spread::Taken barred_;
    bool panicking_ = false;
};

}  // namespace adit::backend
