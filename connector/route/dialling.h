// A connection that is being made, for somebody who may stop waiting.
#pragma once

#include <expected>
#include <memory>

#include "connector/backend/endpoint.h"

namespace adit::route {

/// Belongs to the coroutine that makes the connection and to who waits for it. On one loop.
class Dialling {
  public:
    using Made = std::expected<backend::Carrier, problem::Failure>;

    /// Begins. `done` is woken when it is over, unless leave() was called before; `hold` keeps the endpoint alive.
    static std::shared_ptr<Dialling> start(backend::Endpoint& endpoint, const backend::Way& way, bool upgrade,
                                           net::Time deadline, net::Waiter& done, std::shared_ptr<const void> hold);

    bool over() const { return over_; }
    Made take() { return std::move(made_); }
    /// Nobody waits any more: the connection is dropped when it stands.
    void leave() { done_ = nullptr; }

  private:
    static net::Task<> run(std::shared_ptr<Dialling> self, backend::Endpoint& endpoint, bool upgrade,
                           net::Time deadline, std::shared_ptr<const void> hold);

    backend::Way way_;
    net::Waiter* done_ = nullptr;
    Made made_;
    bool over_ = false;
};

}  // namespace adit::route
