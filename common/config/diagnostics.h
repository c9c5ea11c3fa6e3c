// The errors of a configuration, collected so that one run tells all of them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/place.h"
#include "common/config/quote.h"

namespace adit::yaml {

/// One thing wrong, and where.
struct Diagnostic {
    Place place;
    std::string message;
    std::string excerpt = {};  ///< once quote() was called: the masked line with a caret below the column
    friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

/// Collects errors in any order; gives them sorted by place and each one once (an alias repeats its node's errors).
class Diagnostics {
  public:
    void error(Place place, std::string message);

    bool ok() const { return found_.empty(); }
    std::vector<Diagnostic> sorted() const;

    /// Takes from each line what may be shown of it (quote.h), and lets go of the files' texts, which may have secrets.
    void quote(const Words& known);

    /// "file:line:column: error: message" of each, for logs and answers. At most `max_printed` errors; the rest is
    /// counted. They may be called otherwise: "warning".
    std::string text(std::string_view called = "error") const;
    /// The same for a terminal: with each line that quote() has taken.
    std::string text_with_lines(std::string_view called = "error") const;
    static constexpr std::size_t max_printed = 100;

  private:
    enum class Lines { without, with };
    std::string text(std::string_view called, Lines lines) const;

    std::vector<Diagnostic> found_;
};

}  // namespace adit::yaml
