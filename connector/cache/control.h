// What Cache-Control says (RFC 9111 §5.2, RFC 5861), of requests and of answers. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "connector/http/message.h"

namespace adit::cache {

using std::chrono::seconds;

/// Times that no use is made of are not there; one that cannot be read counts as zero, so that the answer is stale.
struct Control {
    bool no_store = false;
    bool no_cache = false;  ///< with field names as well: we know no part of an answer that is good without the rest
    bool for_one = false;   ///< private, with field names as well
    bool for_all = false;   ///< public
    bool must_revalidate = false;
    bool proxy_revalidate = false;
    bool must_understand = false;
    bool only_if_cached = false;
    bool any_staleness = false;  ///< max-stale without a value
    std::optional<seconds> max_age = {};
    std::optional<seconds> s_maxage = {};
    std::optional<seconds> min_fresh = {};
    std::optional<seconds> max_stale = {};
    std::optional<seconds> stale_if_error = {};
    std::optional<seconds> stale_while_revalidate = {};
    bool said = false;  ///< there was such a field

    /// RFC 9111 §5.2.2.2 and §5.2.2.8: never used stale by a cache like this.
    bool forbids_stale() const { return no_cache || must_revalidate || proxy_revalidate; }
};

/// Of several values the first one counts (RFC 9111 §4.2.1).
Control parse_control(const std::vector<http::Field>& fields);
/// The same for a request, where Pragma: no-cache counts if there is no Cache-Control (RFC 9111 §5.4).
Control request_control(const http::RequestHead& request);

}  // namespace adit::cache
