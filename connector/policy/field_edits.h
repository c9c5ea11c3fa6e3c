// Fields of a head that are removed, set or added. Pure.
#pragma once

#include <string>
#include <vector>

#include "connector/config/policies.h"
#include "connector/http/message.h"
#include "connector/policy/field_template.h"

namespace adit::policy {

/// Compiled once per route, then only read.
class FieldEdits {
  public:
    /// `pattern` is the route's path, whose names values may use.
    FieldEdits(const config::FieldEdits& edits, std::string_view pattern);

    /// The fields that one request's values make: those to set first. A value that turns out empty makes none.
    struct Made {
        std::vector<http::Field> fields;
        std::vector<std::string> texts;  ///< behind values that are not the same for all; it has grown once
    };
    Made make(const RequestValues& values) const;

    /// Removes what is to be removed or set, then puts in what was made. The fields point into `made` and this object.
    void apply(std::vector<http::Field>& fields, const Made& made) const;

    /// Adds the names that are removed or set; they live as long as this object.
    void note_names(std::vector<std::string_view>& names) const {
        names.insert(names.end(), gone_.begin(), gone_.end());
    }

  private:
    struct Edit {
        std::string name;  ///< in lower case, as HTTP/2 wants it
        http::Known known;
        FieldTemplate value;
    };
    bool goes(std::string_view name) const;

    std::vector<std::string> gone_;  ///< removed, or set anew
    std::vector<Edit> edits_;
};

}  // namespace adit::policy
