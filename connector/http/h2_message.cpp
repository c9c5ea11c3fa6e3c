// Reading heads of HTTP/2; see h2_message.h.
#include "connector/http/h2_message.h"

#include <algorithm>
#include <charconv>

#include "common/base/strings.h"
#include "connector/http/authority.h"
#include "connector/http/fields.h"

namespace adit::http {
namespace {

/// RFC 9113 §8.2.3: a cookie may come in crumbs; whoever passes it on to HTTP/1.1 puts them together.
Outcome add_cookie(std::string_view crumbs, Head& head, Collected& seen, const HeadLimits& limits) {
    return crumbs.empty() ? Outcome() : add_field("cookie", crumbs, head, seen, limits.fields);
}

bool is_target(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > 0x20 && byte < 0x7f && byte != '#';
    });
}

struct Pseudo {
    std::string_view method;
    std::string_view scheme;
    std::string_view authority;
    std::string_view path;
    std::string_view protocol;

    void take(const h2::Field& field) {
        std::string_view* into = field.name == ":method"      ? &method
                                 : field.name == ":scheme"    ? &scheme
                                 : field.name == ":authority" ? &authority
                                 : field.name == ":path"      ? &path
                                 : field.name == ":protocol"  ? &protocol
                                                              : nullptr;
        if (into != nullptr) {
            *into = field.value;
        }
    }
};

Outcome read_target(const Pseudo& pseudo, const Collected& seen, RequestHead& head, const HeadLimits& limits) {
    if (seen.hosts > 1) {
        return refuse("more than one Host field");
    }
    head.authority = pseudo.authority.empty() ? seen.host : pseudo.authority;
    if (seen.hosts == 1 && !iequals(seen.host, head.authority)) {
        return refuse(":authority and Host differ");
    }
    if (!valid_authority(head.authority)) {
        return refuse("an authority that is not a host with an optional port");
    }
    if (head.form == TargetForm::authority) {
        head.target = head.authority;
        return head.authority.size() < host_of(head.authority).size() + 2
                   ? refuse("a target of CONNECT that is not host:port")
                   : Outcome();
    }
    head.target = pseudo.path;
    if (pseudo.path.size() > limits.target) {
        return refuse("the target is too long", 414, "target-too-long");
    }
    if (!is_target(pseudo.path)) {
        return refuse("a character in the target that is not allowed");
    }
    if (pseudo.path == "*") {
        head.form = TargetForm::asterisk;
        head.path = pseudo.path;
        return head.method == "OPTIONS" ? Outcome() : refuse("the target * is for OPTIONS only");
    }
    if (!pseudo.path.starts_with('/')) {
        return refuse("a target that does not begin with a slash");
    }
    const std::size_t question = std::min(pseudo.path.find('?'), pseudo.path.size());
    head.path = pseudo.path.substr(0, question);
    head.query = pseudo.path.substr(question);
    return {};
}

Outcome read_method(const Pseudo& pseudo, RequestHead& head, Role role) {
    if (!is_token(pseudo.method)) {
        return refuse("a method with a character that is not allowed");
    }
    head.method = pseudo.method;
    head.form = TargetForm::absolute;
    head.scheme = pseudo.scheme;
    if (pseudo.method == "TRACE") {
        return refuse_trace();
    }
    if (pseudo.method != "CONNECT") {
        return {};
    }
    if (pseudo.protocol.empty() && role == Role::proxy) {
        head.form = TargetForm::authority;  // RFC 9113 §8.5: neither :scheme nor :path
        return {};
    }
    if (pseudo.protocol.empty()) {
        return refuse("CONNECT is not offered here", 405, "method-not-allowed");
    }
    if (pseudo.protocol != "websocket") {
        return refuse("a protocol other than websocket", 501, "upgrade-protocol");
    }
    head.method = "GET";
    head.upgrade = pseudo.protocol;
    return {};
}

/// Every field but the pseudo-header ones; `cookie` and `length` collect what they are named after.
Outcome read_fields(const h2::Fields& fields, Head& head, Collected& seen, const HeadLimits& limits,
                    std::string* cookie) {
    head.fields.reserve(fields.size());
    for (const h2::Field field : fields) {
        if (field.name.starts_with(':')) {
            continue;
        }
        if (cookie != nullptr && field.name == "cookie") {
            cookie->append(cookie->empty() ? "" : "; ").append(field.value);
            continue;
        }
        if (const Outcome added = add_field(field.name, field.value, head, seen, limits.fields); !added) {
            return added;
        }
    }
    return {};
}

}  // namespace

Outcome read_request(const h2::Fields& fields, bool ended, RequestHead& head, const HeadLimits& limits, Role role) {
    head.clear();
    head.bytes().clear();
    head.version = Version::http2;
    Pseudo pseudo;
    for (const h2::Field field : fields) {
        if (!field.name.starts_with(':')) {
            break;  // pseudo-header fields come first (RFC 9113 §8.3)
        }
        pseudo.take(field);
    }
    Collected seen;
    if (const Outcome read = read_fields(fields, head, seen, limits, &head.bytes()); !read) {
        return read;
    }
    if (const Outcome joined = add_cookie(head.bytes(), head, seen, limits); !joined) {
        return joined;
    }
    if (const Outcome read = read_method(pseudo, head, role); !read) {
        return read;
    }
    if (head.form == TargetForm::authority) {
        if (seen.length > 0) {
            return refuse("a CONNECT with a body (RFC 9110 §9.3.6)");
        }
    } else if (!ended && head.upgrade.empty()) {
        head.framing = {seen.has_length ? Framing::Kind::length : Framing::Kind::chunked, seen.length};
        if (seen.has_length && seen.length == 0) {
            head.framing = {};
        }
    }
    if (const Outcome expectation = read_expectation(head); !expectation) {
        return expectation;
    }
    return read_target(pseudo, seen, head, limits);
}

Outcome read_response(const h2::Fields& fields, bool ended, std::string_view method, ResponseHead& head,
                      const HeadLimits& limits) {
    head.clear();
    head.version = Version::http2;
    const std::string_view status = fields.find(":status");
    const auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), head.status);
    if (error != std::errc() || end != status.data() + status.size() || head.status < 100 || head.status > 999) {
        return refuse("a status that is not three digits");
    }
    Collected seen;
    if (const Outcome read = read_fields(fields, head, seen, limits, nullptr); !read) {
        return read;
    }
    if (head.status / 100 == 1 || head.status == 204 || head.status == 304 || method == "HEAD") {
        return {};
    }
    if (seen.has_length && seen.length > 0) {
        head.framing = {Framing::Kind::length, seen.length};
    } else if (!ended) {
        head.framing = {Framing::Kind::chunked, 0};
    }
    return {};
}

}  // namespace adit::http
