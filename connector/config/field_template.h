// Values of header fields with names in braces, which are filled in with parts of the request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace adit::config {

/// What every request has.
enum class RequestValue {
    client_ip,
    host,
    path,
    method,
    request_id,
    route,
    backend,
    scheme,
    consumer,
    consumer_environment,
    consumer_project
};

std::optional<RequestValue> request_value(std::string_view name);

/// Text that stands for itself, or the name in "{name}": a request's value, a segment that the route's path names, or
/// "header.NAME" for a field of the request, "attribute.NAME" for one of its caller. "{{" and "}}" are braces
/// themselves.
struct TemplatePiece {
    enum class Kind { text, name };
    Kind kind = Kind::text;
    std::string text;
};

/// The pieces in their order. Refuses braces without a partner, and characters that cannot stand in a field's value.
Result<std::vector<TemplatePiece>> parse_field_template(std::string_view text);

/// The field name in "header.NAME"; empty for any other name.
std::string_view header_of(std::string_view name);
/// The name in "attribute.NAME", of what is known about the caller; empty for any other name.
std::string_view attribute_of(std::string_view name);

}  // namespace adit::config
