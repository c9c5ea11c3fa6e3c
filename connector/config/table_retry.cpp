// Timeouts and retries.
#include "common/base/time.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

/// Only what one place says: what comes of several is a matter of warnings.
void within_total(const Node& node, const TimeoutSettings& timeouts, Diagnostics& diagnostics) {
    if (!timeouts.total || *timeouts.total == 0ms) return;
    const auto check = [&](const char* key, const std::optional<std::chrono::milliseconds>& value) {
        if (value && *value > *timeouts.total)
            diagnostics.error(place_of(node, {key}), std::string(key) + " (" + format_duration(*value) +
                                                         ") is longer than total (" + format_duration(*timeouts.total) +
                                                         ")");
    };
    check("connect", timeouts.connect);
    check("tls", timeouts.tls);
    check("per_try", timeouts.per_try);
}

Object<RetryBudget> budget() {
    return Object<RetryBudget>("budget", "How many retries there may be, so that they cannot become a storm.")
        .field("percent", &RetryBudget::percent, Integer<std::uint32_t>(0, 100),
               "Retries in progress, of the backend's requests in progress.")
        .field("floor", &RetryBudget::floor, Integer<std::uint32_t>(0, bounds::max_count), "So many may always be.");
}

Object<Hedge> hedge() {
    return Object<Hedge>("hedge", "A second try beside a first one that is slow; the first answer wins.")
        .field("after", &Hedge::after, Duration(0ms, bounds::max_timeout),
               "How slow; 0 is the quantile of the backend's latest latencies.")
        .field("quantile", &Hedge::quantile, Integer<std::uint32_t>(50, 99), "Percent.")
        .field("percent", &Hedge::percent, Integer<std::uint32_t>(1, 100), "Of the requests, at most.");
}

}  // namespace

yaml::Object<TimeoutSettings> timeouts_table() {
    const auto timeout = [] { return Duration(bounds::min_timeout, bounds::max_timeout); };
    const auto or_none = [] { return Duration(0ms, bounds::max_timeout); };
    return Object<TimeoutSettings>("timeouts", "How long each phase of a request may take.")
        .field("connect", &TimeoutSettings::connect, timeout(), "Until the connection stands, TLS included.")
        .field("tls", &TimeoutSettings::tls, timeout(), "Of that, the TLS handshake with the origin.")
        .field("first_byte", &TimeoutSettings::first_byte, timeout(),
               "From the end of the request to the response head.")
        .field("idle", &TimeoutSettings::idle, timeout(), "Between two pieces of a response body.")
        .field(
            "per_try", &TimeoutSettings::per_try, or_none(),
            "From the beginning of a try to its response head; where requests are tried again and this is 0, an even "
            "part of the total, at most 10s.")
        .field("total", &TimeoutSettings::total, or_none(), "The whole exchange; 0 is no bound.")
        .rule(within_total);
}

yaml::Object<Retry> retry_table() {
    return Object<Retry>("retry", "When a request is tried again.")
        .field("attempts", &Retry::attempts, Integer<std::uint32_t>(1, bounds::max_attempts),
               "Tries of one request in all, the first included.")
        .field("on", &Retry::on, ConditionList(), "Which ends of a try are worth another, where that is safe.")
        .field("header", &Retry::header, ShownText("a field name", parse_field_name),
               "The field of answers that retriable-header means.")
        .field("backoff", &Retry::backoff, Duration(0ms, bounds::max_timeout),
               "The longest wait before the first retry; it doubles with each, and is drawn from 0 to that.")
        .field("backoff_most", &Retry::backoff_most, Duration(0ms, bounds::max_timeout), "Where the doubling ends.")
        .field("retry_after_most", &Retry::retry_after_most, Duration(0ms, bounds::max_timeout),
               "A Retry-After of an origin up to this is waited for; a longer one ends the tries.")
        .field("body_bytes", &Retry::body_bytes, Size(0, bounds::max_signed_body_bytes),
               "Request bodies up to this are kept to be sent again; larger ones are sent once.")
        .field("budget", &Retry::budget, budget(), "How many retries there may be.")
        .field("hedge", &Retry::hedge, hedge(), "A second try beside a slow one.")
        .field("tell_client", &Retry::tell_client, Boolean(),
               "Whether answers say in X-Adit-Attempts how many tries it took.");
}

}  // namespace adit::config
