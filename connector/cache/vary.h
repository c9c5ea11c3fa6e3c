// Which fields of a request an answer was chosen by (Vary, RFC 9111 §4.1). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/http/message.h"

namespace adit::cache {

/// One field that Vary names, as the request had it: all of its lines, in their order; nothing where it had none.
struct Selecting {
    std::string name;  ///< in lower case
    std::optional<std::string> value;
};

/// Those of an answer to `request`. Nothing when it can be an answer to no other request: Vary is "*", or names what
/// does not come from the request as we have it, because we write it ourselves.
std::optional<std::vector<Selecting>> selecting_fields(const http::ResponseHead& answer,
                                                       const http::RequestHead& request);

/// Whether an answer that was chosen by `fields` would be chosen for `request`, too.
bool selects(const std::vector<Selecting>& fields, const http::RequestHead& request);

}  // namespace adit::cache
