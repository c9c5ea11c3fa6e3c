// Which fields of a request an answer was chosen by (Vary, RFC 9111 §4.1). Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connector/http/message.h"

namespace adit::cache {

/// A request's fields as the origin gets them: what stays behind on the way has not selected anything, whoever wrote
/// it. Refers to all of them.
struct Shown {
    /// `reserved`: names that only we write; `credential`: what told us who calls goes on.
    Shown(const http::RequestHead& head, std::span<const std::string> ours = {}, bool forwards_credential = false)
        : request(head), reserved(ours), credential(forwards_credential) {}

    const http::RequestHead& request;
    std::span<const std::string> reserved;
    bool credential;
};

/// One field that Vary names, as the origin got it: all of its lines, in their order; nothing where it had none.
struct Selecting {
    std::string name;  ///< in lower case
    std::optional<std::string> value;
};

/// Those of the answer to a request. Nothing when it can be an answer to no other request: Vary is "*", or names what
/// does not come from the request as we have it, because we write it ourselves.
std::optional<std::vector<Selecting>> selecting_fields(const http::ResponseHead& answer, const Shown& shown);

/// Whether an answer that was chosen by `fields` would be chosen for that request, too.
bool selects(const std::vector<Selecting>& fields, const Shown& shown);

}  // namespace adit::cache
