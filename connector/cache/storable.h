// Whether an answer may be kept for the next who asks (RFC 9111 §3). Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "connector/cache/control.h"
#include "connector/config/degrade.h"
#include "connector/http/message.h"

namespace adit::cache {

/// What of a request decides about its answer besides its head.
struct Asker {
    /// RFC 9111 §3.5 holds the answer back: the origin was shown whom it is for, or answers are not kept for each
    /// caller alone although the caller is known.
    bool authorized = false;
};

/// Why an answer is not kept; `none`: it is.
enum class Refusal : std::uint8_t {
    none,
    method,
    part,        ///< 206, or a request for ranges
    request,     ///< the request says no-store
    no_store,    ///< the answer does
    for_one,     ///< private
    authorized,  ///< RFC 9111 §3.5
    status,
    set_cookie,
    cookie,   ///< says nothing of its freshness, and was made for somebody with a cookie
    silent,   ///< says nothing of its freshness, and the configuration neither
    useless,  ///< stale as it comes, and there is nothing to ask anew by
    framing,  ///< ends with its connection: nobody can tell whether it is whole
    size,
};
/// In a word for `detail` of Cache-Status.
std::string_view name(Refusal refusal);

/// Whose fault a refusal is.
enum class Blame : std::uint8_t {
    request,  ///< this one alone: says nothing of what others would get
    kind,     ///< all that show as much of who asks: a cookie, a credential
    answer,   ///< others would get the same
};
/// Of a refusal of an answer with that status. What an origin has against a request (4xx), or suffers from (5xx), may
/// come from fields that are in no key.
Blame blame_for(Refusal refusal, int status);

/// Statuses that may be kept although nothing is said (RFC 9110 §15.1), but for 206.
bool heuristically_cacheable(int status);

/// Whether it is about a request that a cache can answer or keep the answer to: GET or HEAD, without
/// content, Range or Upgrade.
bool concerns(const http::RequestHead& request);

/// Of the final answer to `request`, as the origin has sent it. Vary is not looked at.
Refusal refusal_to_store(const http::RequestHead& request, const Control& asked, const Asker& asker,
                         const http::ResponseHead& answer, const config::Cache& settings);

}  // namespace adit::cache
