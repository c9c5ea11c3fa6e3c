// Values of claims with names in braces, which are filled in with who calls and what is asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace adit::config {

/// A part of a claim's value.
struct ClaimPiece {
    enum class Of {
        text,
        consumer,
        environment,
        project,
        attribute,  ///< of the caller, by name
        route,
        host,
        path,
        method,
        request_id,
        header,  ///< of the request, by name
    };
    Of of = Of::text;
    std::string text;  ///< what stands for itself, or the name of an attribute or header field
};

/// The pieces in their order: {consumer}, {environment}, {project}, {attribute.NAME}, {route}, {host}, {path},
/// {method}, {request_id}, {request.header.NAME} (or {header.NAME}, as in routes), and text; {{ and }} are braces
/// themselves.
Result<std::vector<ClaimPiece>> parse_claim_template(std::string_view text);

/// Claims that this connector writes itself, whatever a configuration says.
bool is_reserved_claim(std::string_view name);

}  // namespace adit::config
