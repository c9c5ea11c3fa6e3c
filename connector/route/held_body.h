// A request's body in memory: whole before its head goes out, and there to be sent again.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connector/backend/held_budget.h"
#include "connector/http/exchange.h"

namespace adit::route {

/// Belongs to one exchange, on its loop. What it holds counts against the process's budget until it is released.
class HeldBody {
  public:
    struct Bounds {
        std::size_t most = 0;                 ///< bytes of this body
        std::chrono::milliseconds silence{};  ///< how long the client may send nothing; 0: unbounded
        net::Time ends = net::Time::max();    ///< of the whole exchange
    };
    explicit HeldBody(std::shared_ptr<backend::HeldBudget> budget) : budget_(std::move(budget)) {}
    HeldBody(const HeldBody&) = delete;
    HeldBody& operator=(const HeldBody&) = delete;
    ~HeldBody() { release(); }

    /// Reads the body to its end, asking for it where the client waits for 100 Continue (RFC 9110 §10.1.1). From then
    /// on the request's framing is a length, and its Expect is settled. Once.
    net::Task<std::optional<problem::Failure>> read(http::Exchange& exchange, Bounds bounds);
    /// read() went well.
    bool whole() const { return whole_; }
    std::string_view bytes() const { return bytes_; }
    /// It will not be sent again.
    void release();

  private:
    std::optional<problem::Failure> take(http::BodyReader& body, std::size_t n, std::size_t most);
    problem::Failure no_room() const;

    std::shared_ptr<backend::HeldBudget> budget_;
    std::string bytes_;
    std::size_t counted_ = 0;  ///< against the budget
    bool whole_ = false;
};

}  // namespace adit::route
