// What of a request's body has passed, so that it can be sent once more; the body does not wait for it.
#pragma once

#include <string>
#include <string_view>

#include "connector/backend/held_budget.h"
#include "connector/http/exchange.h"

namespace adit::route {

/// Belongs to one exchange, on its loop. Keeps a copy of a body as it goes by, until that is larger than `most` or the
/// process has no room for it: then it keeps nothing, the body goes on, and nobody sends it twice.
class KeptBody final : private http::BodyTap {
  public:
    KeptBody(http::BodyReader& body, std::size_t most, backend::HeldBudget& budget);
    KeptBody(const KeptBody&) = delete;
    KeptBody& operator=(const KeptBody&) = delete;
    ~KeptBody();

    /// All that has passed is here.
    bool whole() const { return keeping_; }
    /// Valid until more of the body passes.
    std::string_view bytes() const { return bytes_; }
    /// Nobody will send it again. What bytes() has shown stays valid until release().
    void stop() { keeping_ = false; }
    /// The memory is wanted back.
    void release();

  private:
    void passing(const net::Chain& bytes, std::size_t n) override;
    void passed() override {}

    http::BodyReader& body_;
    const std::size_t most_;
    backend::HeldBudget& budget_;
    std::string bytes_;
    bool keeping_ = true;
};

}  // namespace adit::route
