// The errors of a configuration, collected so that one run tells all of them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/place.h"

namespace adit::yaml {

/// One thing wrong, and where.
struct Diagnostic {
    Place place;
    std::string message;
    friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

/// Collects errors in any order; gives them sorted by place and each one once (an alias repeats its node's errors).
class Diagnostics {
  public:
    void error(Place place, std::string message);

    bool ok() const { return found_.empty(); }
    std::vector<Diagnostic> sorted() const;

    /// For a terminal: "file:line:column: error: message", then the source line with a caret below the column. At most
    /// `max_printed` errors; the rest is counted. They may be called otherwise: "warning".
    std::string text(std::string_view called = "error") const;
    static constexpr std::size_t max_printed = 100;

  private:
    std::vector<Diagnostic> found_;
};

}  // namespace adit::yaml
