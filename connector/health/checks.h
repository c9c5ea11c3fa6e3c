// Asking endpoints how they are, again and again, for all workers on the loop of one of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "connector/backend/dialer.h"
#include "connector/backend/roster.h"

namespace adit::health {

/// The checks that a generation of the configuration asks for. On its loop's thread, or before that runs.
class Checks {
  public:
    /// One backend. `dialer` makes a way of our own to an endpoint; it is called once for each that is checked.
    struct Watched {
        std::shared_ptr<backend::Roster> roster;
        backend::Versions versions = backend::Versions::http1;
        bool unchanged = false;  ///< the same as in the generation before: what runs for it goes on
        std::function<std::unique_ptr<backend::Dialer>(std::size_t endpoint)> dialer = nullptr;
    };

    Checks(net::Loop& loop, std::string user_agent) : loop_(loop), user_agent_(std::move(user_agent)) {}
    Checks(const Checks&) = delete;
    Checks& operator=(const Checks&) = delete;
    ~Checks();

    /// Watches these from now on and no others. An endpoint is asked at once, then every interval, give or take a
    /// tenth.
    void use(const std::vector<Watched>& all);

  private:
    struct Watch;
    struct Sweep;
    static net::Task<> watch(std::shared_ptr<Watch> watch);
    static net::Task<> sweep(std::shared_ptr<Sweep> sweep);
    std::shared_ptr<Watch> begin(const Watched& backend, std::size_t endpoint);

    net::Loop& loop_;
    const std::string user_agent_;
    Random random_;
    std::vector<std::shared_ptr<Watch>> watches_;
    std::shared_ptr<Sweep> sweep_;
};

}  // namespace adit::health
