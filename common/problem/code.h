// Every name of a problem that we answer with. Each has a paragraph in docs/troubleshooting.md, where the `type` of a
// problem document leads; a name that is not here does not compile.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace adit::problem {

/// In the order of the page.
inline constexpr auto kCodes = std::to_array<std::string_view>(
    {// finding the way
     "no-route", "service-unknown", "tunnel-without-session", "session-lost", "draining",
     // reaching the origin
     "dns-error", "dns-timeout", "connection-refused", "connect-timeout", "connection-failed", "connection-terminated",
     "destination-prohibited", "destination-unroutable", "refused-by-agent", "tls-failed", "tls-timeout",
     // the exchange
     "first-byte-timeout", "per-try-timeout", "idle-timeout", "total-timeout", "bad-response", "response-incomplete",
     "response-head-too-large", "upgrade-refused", "body-gone", "loop-detected",
     // what is not even tried
     "circuit-open", "no-healthy-endpoint", "bulkhead-full", "queue-timeout", "rate-limited", "banned",
     "rate-limits-unavailable", "functionality-reduced", "overloaded", "no-room-for-body", "not-cached",
     // trust
     "unauthenticated", "authentication-unavailable", "access-denied", "upstream-credential-unavailable",
     // the request
     "bad-request", "bad-chunk", "bad-path", "bad-target", "body-too-large", "expectation", "head-too-large",
     "http-version", "method-not-allowed", "no-host", "not-a-proxy-request", "request-body-too-slow", "request-timeout",
     "target-too-long", "transfer-coding", "upgrade-protocol", "use-connect",
     // ourselves; the last three are seen in logs and metrics only
     "internal-error", "client-closed", "answer-kept-back", "given-up"});

/// One of kCodes, which the compiler checks.
class Code {
  public:
    // NOLINTNEXTLINE(google-explicit-constructor): a literal is a code wherever one is wanted
    consteval Code(const char* name) : name_(name) {
        if (std::ranges::find(kCodes, name_) == kCodes.end()) {
            throw "a code that is not in kCodes";
        }
    }
    // NOLINTNEXTLINE(google-explicit-constructor): it is read as the text that it is
    constexpr operator std::string_view() const { return name_; }
    friend constexpr bool operator==(Code, Code) = default;
    friend constexpr bool operator==(Code code, std::string_view text) { return code.name_ == text; }

  private:
    std::string_view name_;
};

}  // namespace adit::problem
