// URLs of documents that we fetch: an origin, and path and query exactly as they were written.
#pragma once

#include <string>
#include <string_view>

#include "connector/config/endpoint.h"

namespace adit::config {

struct Url {
    Endpoint origin;     ///< http or https, without base path
    std::string target;  ///< begins with '/'

    std::string text() const { return origin.text() + target; }
    /// https, or http to this machine: nobody on the way can read or change what goes there.
    bool is_safe() const;
    friend bool operator==(const Url&, const Url&) = default;
};

/// Without fragment and user information.
Result<Url> parse_url(std::string_view text);
/// The same for a document that decides whom we trust: nobody on the way can have changed it. https, or http to this
/// machine.
Result<Url> parse_trusted_url(std::string_view text);

}  // namespace adit::config
