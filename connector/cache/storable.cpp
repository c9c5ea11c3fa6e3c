// The rules of RFC 9111 §3, one after the other; see storable.h.
#include "connector/cache/storable.h"

#include <algorithm>
#include <array>

namespace adit::cache {
namespace {

/// Freshness or the wish to be kept is said: RFC 9111 §3, last list.
bool says_something(const http::ResponseHead& answer, const Control& control) {
    return control.max_age || control.s_maxage || control.for_all || control.no_cache || control.must_revalidate ||
           control.proxy_revalidate || answer.find("expires") != nullptr;
}

/// How long it is fresh is said, or that it is for all, or to be asked about each time: not only what must happen then.
bool says_for_whom_or_how_long(const http::ResponseHead& answer, const Control& control) {
    return control.max_age || control.s_maxage || control.for_all || control.no_cache ||
           answer.find("expires") != nullptr;
}

/// RFC 9111 §3.5.
bool allows_authorized(const Control& control) {
    return control.for_all || control.must_revalidate || control.s_maxage;
}

/// Statuses whose meaning for a cache is known to us (RFC 9111 §5.2.2.3).
bool understood(int status) {
    static constexpr std::array known{302, 303, 307};
    return heuristically_cacheable(status) || std::ranges::find(known, status) != known.end();
}

bool status_allowed(int status, const config::Cache& settings, bool said) {
    if (!settings.statuses.empty()) {
        return std::ranges::find(settings.statuses, static_cast<std::uint16_t>(status)) != settings.statuses.end();
    }
    return said || heuristically_cacheable(status);
}

/// Whether it will ever be used: fresh for a while, or there is something to ask anew by, or it may stand in.
bool useful(const http::ResponseHead& answer, const Control& control, const config::Cache& settings) {
    const auto positive = [](const std::optional<seconds>& time) { return time && time->count() > 0; };
    return answer.find("etag") != nullptr || answer.find("last-modified") != nullptr ||
           (!control.no_cache &&
            (positive(control.s_maxage ? control.s_maxage : control.max_age) || answer.find("expires") != nullptr ||
             settings.ttl.count() > 0 || positive(control.stale_if_error) || positive(control.stale_while_revalidate)));
}

}  // namespace

std::string_view name(Refusal refusal) {
    switch (refusal) {
        case Refusal::none:
            return "none";
        case Refusal::method:
            return "method";
        case Refusal::part:
            return "range";
        case Refusal::request:
            return "request-no-store";
        case Refusal::no_store:
            return "no-store";
        case Refusal::for_one:
            return "private";
        case Refusal::authorized:
            return "authorization";
        case Refusal::status:
            return "status";
        case Refusal::set_cookie:
            return "set-cookie";
        case Refusal::cookie:
            return "cookie";
        case Refusal::silent:
            return "no-freshness";
        case Refusal::useless:
            return "stale";
        case Refusal::framing:
            return "until-close";
        case Refusal::size:
            break;
    }
    return "size";
}

Blame blame_for(Refusal refusal, int status) {
    switch (refusal) {
        case Refusal::method:
        case Refusal::part:
        case Refusal::request:
            return Blame::request;
        case Refusal::authorized:
        case Refusal::cookie:
            return Blame::kind;
        default:
            return status >= 200 && status < 300 ? Blame::answer : Blame::request;
    }
}

bool heuristically_cacheable(int status) {
    static constexpr std::array all{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};
    return std::ranges::find(all, status) != all.end();
}

bool concerns(const http::RequestHead& request) {
    return (request.method == "GET" || request.method == "HEAD") && request.upgrade.empty() &&
           request.framing.kind == http::Framing::Kind::none && request.path != "*" && request.find("range") == nullptr;
}

Refusal refusal_to_store(const http::RequestHead& request, const Control& asked, const Asker& asker,
                         const http::ResponseHead& answer, const config::Cache& settings) {
    if (request.method != "GET") {
        return Refusal::method;
    }
    if (answer.status < 200 || answer.status == 206 || answer.status == 304 || request.find("range") != nullptr ||
        answer.find("content-range") != nullptr) {
        return Refusal::part;
    }
    if (asked.no_store) {
        return Refusal::request;
    }
    const Control control = parse_control(answer.fields);
    const bool must_understand = control.must_understand && understood(answer.status);
    if (control.no_store && !must_understand) {
        return Refusal::no_store;
    }
    if (control.for_one) {
        return Refusal::for_one;
    }
    if (asker.authorized && !allows_authorized(control)) {
        return Refusal::authorized;
    }
    const bool said = says_something(answer, control);
    if (!status_allowed(answer.status, settings, said) || (control.must_understand && !must_understand)) {
        return Refusal::status;
    }
    // RFC 9111 §7.3 leaves it to us: what one user is given to be known by is no other's, whatever the origin says.
    if (answer.find("set-cookie") != nullptr) {
        return Refusal::set_cookie;
    }
    if (!said && settings.ttl.count() == 0) {
        return Refusal::silent;
    }
    // A span that only the configuration knows is for what is the same for all.
    if (settings.ttl.count() > 0 && !says_for_whom_or_how_long(answer, control)) {
        if (request.find("cookie") != nullptr) {
            return Refusal::cookie;
        }
        if (asker.authorized) {
            return Refusal::authorized;
        }
    }
    if (!useful(answer, control, settings)) {
        return Refusal::useless;
    }
    if (answer.framing.kind == http::Framing::Kind::until_close) {
        return Refusal::framing;
    }
    if (answer.framing.kind == http::Framing::Kind::length && answer.framing.length > settings.entry_bytes) {
        return Refusal::size;
    }
    return Refusal::none;
}

}  // namespace adit::cache
