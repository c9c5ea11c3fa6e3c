// Content codings for answers that have none: which one the client wants, and which answers may get it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/config/policies.h"
#include "connector/http/message.h"

namespace adit::policy {

using config::ContentCoding;

/// Compiled once per route, then only read.
class Compression {
  public:
    explicit Compression(const config::Compression& settings) : settings_(settings) {}

    /// The coding that a client wants most of those offered (RFC 9110 §12.5.3); nothing when it wants none of them, or
    /// says nothing: who cannot decode says nothing either.
    std::optional<ContentCoding> choose(const http::RequestHead& request) const;

    /// Whether an answer would get a coding if its client took one. Not when it has one, is a part (206) or absent,
    /// says no-transform (RFC 9111 §5.2.2.6) or proves its bytes (RFC 9530), is too small, or is of another type.
    /// `head`: it answers HEAD, so its body is absent though all else is as for GET.
    bool fits(const http::ResponseHead& response, bool head) const;

    /// What an answer says that got a coding. `etag` keeps the bytes of a field that is made: what a validator proved
    /// of the bytes no longer holds, so it becomes a weak one (RFC 9110 §8.8.1).
    static void announce(http::ResponseHead& response, ContentCoding coding, std::string& etag);
    /// A 304 has no type to go by; its validator is that of an answer that may have got a coding (RFC 9110 §15.4.5).
    static void weaken_etag(http::ResponseHead& response, std::string& etag);

  private:
    bool type_fits(std::string_view content_type) const;

    config::Compression settings_;
};

}  // namespace adit::policy
