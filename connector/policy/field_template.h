// Values of fields made of parts of a request. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/access/caller.h"
#include "connector/config/field_template.h"
#include "connector/http/message.h"
#include "connector/route/path_template.h"

namespace adit::policy {

/// What templates are filled in with.
struct RequestValues {
    const http::RequestHead& request;
    std::string_view client_ip;
    std::string_view host;  ///< without its port
    std::string_view path;  ///< normalised, as the route has met it
    std::string_view request_id;
    std::string_view route;
    std::string_view backend;
    std::string_view scheme;
    const access::Caller* caller = nullptr;  ///< null where nobody is known
};

/// Compiled once per route, then only read.
class FieldTemplate {
  public:
    /// Pattern and text are those of a checked configuration.
    FieldTemplate(std::string_view pattern, std::string_view text);

    /// The value when it is the same for all requests.
    std::optional<std::string_view> constant() const;
    /// A field's value (RFC 9110 §5.5), whatever the request held: no control character, no blanks around it. Empty
    /// when all that it is made of is missing.
    std::string expand(const RequestValues& values) const;

  private:
    struct Piece {
        std::string text;  ///< as it stands, or the name of a request's field or a caller's attribute
        enum class Kind { text, field, attribute, value, capture } kind = Kind::text;
        config::RequestValue value{};
        std::optional<route::Capture> capture = {};
    };
    std::vector<Piece> pieces_;
};

}  // namespace adit::policy
