// Whether a stored answer may be used for a request, as it is or once its origin has confirmed it (RFC 9111 §4). Pure.
#pragma once

#include <cstdint>
#include <string>

#include "connector/cache/entry.h"
#include "connector/config/degrade.h"

namespace adit::cache {

enum class Use : std::uint8_t {
    serve,
    serve_and_revalidate,  ///< RFC 5861 §3: stale, and somebody asks for it anew meanwhile
    validate_stale,        ///< the origin is asked: it is stale
    validate_wish,         ///< the origin is asked: the client wants that, or something fresher
};

Use judge(const Entry& entry, const Control& asked, const config::Cache& settings, Time now);

/// Whether it may stand in for an error of the origin (RFC 5861 §4), stale as it may be.
bool stands_in(const Entry& entry, const Control& asked, const config::Cache& settings, Time now);

/// Whether an origin's status is an error in the sense of RFC 5861 §4.
bool is_error(int status);

/// Whether the conditions of a request (RFC 9110 §13) are met by a stored 200 in such a way that 304 is its answer.
bool not_modified(const Entry& entry, const http::RequestHead& request);

/// Whether the request has conditions that a cache leaves to the origin (RFC 9111 §4.3.2).
bool has_foreign_conditions(const http::RequestHead& request);

/// Whether the request asks under conditions that a cache can look at.
bool is_conditional(const http::RequestHead& request);

/// Whether two entity tags are the same by the weak comparison (RFC 9110 §8.8.3.2).
bool same_etag(std::string_view a, std::string_view b);

}  // namespace adit::cache
