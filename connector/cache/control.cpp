// Directives, with and without quotes; see control.h.
#include "connector/cache/control.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/base/strings.h"
#include "connector/http/parse.h"

namespace adit::cache {
namespace {

/// RFC 9111 §1.2.2: what is too large is the largest that there is.
constexpr std::int64_t kSecondsMost = 1LL << 31;

struct Flag {
    std::string_view name;
    bool Control::* member;
};
constexpr std::array kFlags{
    Flag{"no-store", &Control::no_store},
    Flag{"no-cache", &Control::no_cache},
    Flag{"private", &Control::for_one},
    Flag{"public", &Control::for_all},
    Flag{"must-revalidate", &Control::must_revalidate},
    Flag{"proxy-revalidate", &Control::proxy_revalidate},
    Flag{"must-understand", &Control::must_understand},
    Flag{"only-if-cached", &Control::only_if_cached},
};

struct Span {
    std::string_view name;
    std::optional<seconds> Control::* member;
};
constexpr std::array kSpans{
    Span{"max-age", &Control::max_age},
    Span{"s-maxage", &Control::s_maxage},
    Span{"min-fresh", &Control::min_fresh},
    Span{"max-stale", &Control::max_stale},
    Span{"stale-if-error", &Control::stale_if_error},
    Span{"stale-while-revalidate", &Control::stale_while_revalidate},
};

seconds parse_seconds(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);  // RFC 9111 §5.2: both forms are to be taken
    }
    std::int64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return seconds(0);
        }
        value = std::min(value * 10 + (c - '0'), kSecondsMost);
    }
    return seconds(value);
}

void read_directive(std::string_view directive, Control& control) {
    const std::size_t equals = std::min(directive.find('='), directive.size());
    const std::string_view name = trim(directive.substr(0, equals));
    for (const Flag& flag : kFlags) {
        if (iequals(flag.name, name)) {
            control.*flag.member = true;
            return;
        }
    }
    const std::string_view value = trim(directive.substr(std::min(equals + 1, directive.size())));
    if (iequals(name, "max-stale") && value.empty()) {
        control.any_staleness = true;
        return;
    }
    for (const Span& span : kSpans) {
        if (iequals(span.name, name) && !(control.*span.member)) {
            control.*span.member = parse_seconds(value);
        }
    }
}

/// Calls `each` with the parts between commas that stand in no quotes.
void for_each_member(std::string_view list, const auto& each) {
    bool quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= list.size(); ++i) {
        if (i < list.size() && quoted && list[i] == '\\') {
            ++i;
        } else if (i < list.size() && list[i] == '"') {
            quoted = !quoted;
        } else if (i >= list.size() || (list[i] == ',' && !quoted)) {
            if (const std::string_view member = trim(list.substr(begin, i - begin)); !member.empty()) {
                each(member);
            }
            begin = i + 1;
        }
    }
    if (begin < list.size()) {
        each(trim(list.substr(begin)));  // a backslash stood at the end
    }
}

}  // namespace

Control parse_control(const std::vector<http::Field>& fields) {
    Control control;
    for (const http::Field& field : fields) {
        if (iequals(field.name, "cache-control")) {
            control.said = true;
            for_each_member(field.value, [&](std::string_view member) { read_directive(member, control); });
        }
    }
    return control;
}

Control request_control(const http::RequestHead& request) {
    Control control = parse_control(request.fields);
    if (!control.said) {
        const http::Field* pragma = request.find("pragma");
        control.no_cache = pragma != nullptr && http::list_has(pragma->value, "no-cache");
    }
    return control;
}

}  // namespace adit::cache
