// Fresh, stale, good enough; see use.h.
#include "connector/cache/use.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/http/date.h"

namespace adit::cache {
namespace {

/// What the answer says counts; else what the configuration says, unless s-maxage forbids it (RFC 9111 §5.2.2.10).
milliseconds window(const std::optional<seconds>& said, const Control& control, milliseconds configured) {
    if (said) {
        return *said;
    }
    return control.s_maxage ? milliseconds(0) : configured;
}

/// Calls `each` with the entity tags of a list, which may hold commas in their quotes.
bool any_etag(std::string_view list, const auto& is) {
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t open = list.find('"', at);
        const std::size_t close = open == std::string_view::npos ? open : list.find('"', open + 1);
        if (close == std::string_view::npos) {
            return false;
        }
        const std::string_view before = trim(list.substr(at, open - at));
        if (is(list.substr(open - (before.ends_with("W/") ? 2 : 0),
                           close + 1 - open + (before.ends_with("W/") ? 2 : 0)))) {
            return true;
        }
        at = close + 1;
    }
    return false;
}

bool none_match_fails(const Entry& entry, const http::RequestHead& request) {
    return std::ranges::any_of(request.fields, [&](const http::Field& field) {
        return iequals(field.name, "if-none-match") &&
               (trim(field.value) == "*" ||
                any_etag(field.value, [&](std::string_view one) { return same_etag(one, entry.etag()); }));
    });
}

}  // namespace

Use judge(const Entry& entry, const Control& asked, const config::Cache& settings, Time now) {
    const Freshness& freshness = entry.freshness();
    const Control& said = entry.control();
    if (asked.no_cache || (asked.max_age && freshness.age(now) > *asked.max_age) ||
        (asked.min_fresh && freshness.left(now) < *asked.min_fresh && freshness.fresh(now))) {
        return Use::validate_wish;
    }
    if (freshness.fresh(now)) {
        return Use::serve;
    }
    if (said.forbids_stale() || asked.min_fresh) {
        return Use::validate_stale;
    }
    const milliseconds stale = -freshness.left(now);
    if (!said.s_maxage && (asked.any_staleness || (asked.max_stale && stale <= *asked.max_stale))) {
        return Use::serve;
    }
    const bool patient = !asked.max_age;  // RFC 9111 §5.2.1.1: who says how old, and not how stale, wants nothing stale
    if (patient && stale < window(said.stale_while_revalidate, said, settings.stale_while_revalidate)) {
        return Use::serve_and_revalidate;
    }
    return Use::validate_stale;
}

bool stands_in(const Entry& entry, const Control& asked, const config::Cache& settings, Time now) {
    const Control& said = entry.control();
    if (said.forbids_stale() || asked.no_cache) {
        return false;
    }
    const milliseconds stale = std::max(-entry.freshness().left(now), milliseconds(0));
    const milliseconds allowed = !said.stale_if_error && asked.stale_if_error
                                     ? milliseconds(said.s_maxage ? seconds(0) : *asked.stale_if_error)
                                     : window(said.stale_if_error, said, settings.stale_if_error);
    return stale < allowed || (stale.count() == 0 && allowed.count() > 0);
}

bool is_error(int status) {
    return status == 500 || status == 502 || status == 503 || status == 504;
}

bool same_etag(std::string_view a, std::string_view b) {
    const auto opaque = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
    return !a.empty() && opaque(a) == opaque(b);
}

bool not_modified(const Entry& entry, const http::RequestHead& request) {
    if (entry.status() != 200) {
        return false;
    }
    if (request.find("if-none-match") != nullptr) {
        return none_match_fails(entry, request);
    }
    const http::Field* since = request.find("if-modified-since");
    const auto client = since == nullptr ? std::nullopt : http::parse_date(trim(since->value));
    const auto ours = http::parse_date(entry.last_modified());
    return client && ours && *ours <= *client;
}

bool has_foreign_conditions(const http::RequestHead& request) {
    return request.find("if-match") != nullptr || request.find("if-unmodified-since") != nullptr ||
           request.find("if-range") != nullptr;
}

bool is_conditional(const http::RequestHead& request) {
    return request.find("if-none-match") != nullptr || request.find("if-modified-since") != nullptr;
}

}  // namespace adit::cache
