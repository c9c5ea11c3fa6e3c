// The endpoints that one request may try, in the order of the backend's selection, without those that the caller may
// not use.
#pragma once

#include <optional>

#include "connector/backend/backend.h"
#include "connector/route/asking.h"

namespace adit::route {

/// Lives for one forward(), on the exchange's loop.
class Candidates {
  public:
    explicit Candidates(Asking& asking);

    /// Who is to be asked now; null when there is nobody at all: see nobody().
    backend::Endpoint* current() const { return current_; }
    /// Who would come next and was not asked yet; null when there is none. It may be taken by somebody else:
    /// drop_next().
    backend::Endpoint* next();
    void drop_next() { ahead_.reset(); }
    /// Goes on to the next one; when all were asked, from the first again.
    void advance();
    /// Why there is nobody. Who may use none of the endpoints learns nothing of their health.
    problem::Failure nobody() const;

  private:
    backend::Endpoint* next_allowed();

    Asking& asking_;
    backend::Selection selection_;
    backend::Endpoint* current_;
    std::optional<backend::Endpoint*> ahead_ = {};  ///< looked up already
};

}  // namespace adit::route
