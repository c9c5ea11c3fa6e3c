// Walking the hops that a request has made, from the last to the first; see caller.h.
#include "connector/http/caller.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit::http {
namespace ip = boost::asio::ip;
namespace {

/// Splits at separators outside of quoted strings (RFC 7239 §4); parts are trimmed, empty ones left out.
std::vector<std::string_view> split_quoted(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    bool quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] == '"') {
            quoted = !quoted;
        }
        if (i == text.size() || (text[i] == separator && !quoted)) {
            if (const std::string_view part = trim(text.substr(begin, i - begin)); !part.empty()) {
                parts.push_back(part);
            }
            begin = i + 1;
        }
    }
    return parts;
}

std::string_view unquoted(std::string_view text) {
    const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    return quoted ? text.substr(1, text.size() - 2) : text;
}

/// The value of a parameter of one Forwarded element; empty when it has none.
std::string_view parameter(std::string_view element, std::string_view name) {
    for (const std::string_view pair : split_quoted(element, ';')) {
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && iequals(trim(pair.substr(0, equals)), name)) {
            return unquoted(trim(pair.substr(equals + 1)));
        }
    }
    return {};
}

/// An address, with or without a port; IPv6 in brackets or, without a port, bare.
std::optional<ip::address> address_of(std::string_view node) {
    if (node.starts_with('[')) {
        node = node.substr(1, node.find(']') - 1);
    } else if (node.find(':') == node.rfind(':')) {
        node = node.substr(0, node.find(':'));
    }
    boost::system::error_code bad;
    const ip::address address = ip::make_address(std::string(node), bad);
    return bad ? std::nullopt : std::optional(net::plain(address));
}

struct Hop {
    std::string_view node;
    std::string_view proto;  ///< only where each hop tells its own
};

std::vector<Hop> hops_of(const RequestHead& request, CallerField field) {
    std::vector<Hop> hops;
    for (const Field& one : request.fields) {
        if (field == CallerField::forwarded && one.known == Known::forwarded) {
            if (std::ranges::count(one.value, '"') % 2 != 0) {
                hops.push_back({});  // a quote that a client left open would swallow what proxies have appended
                continue;
            }
            for (const std::string_view element : split_quoted(one.value, ',')) {
                hops.push_back({parameter(element, "for"), parameter(element, "proto")});
            }
        } else if (field == CallerField::x_forwarded_for && one.known == Known::x_forwarded &&
                   iequals(one.name, "x-forwarded-for")) {
            for (const std::string_view node : split_list(one.value, ',')) {
                hops.push_back({node, {}});
            }
        }
    }
    return hops;
}

/// What the proxy next to us says; X-Forwarded-Proto has no hops of its own to go with.
std::string_view x_forwarded_proto(const RequestHead& request) {
    std::string_view proto;
    for (const Field& field : request.fields) {
        if (field.known == Known::x_forwarded && iequals(field.name, "x-forwarded-proto")) {
            proto = trim(field.value.substr(field.value.rfind(',') + 1));
        }
    }
    return proto;
}

std::optional<bool> https(std::string_view proto) {
    return iequals(proto, "https") ? std::optional(true) : iequals(proto, "http") ? std::optional(false) : std::nullopt;
}

}  // namespace

bool Trust::includes(const ip::address& address) const {
    return std::ranges::any_of(proxies, [&](const net::Network& network) { return network.contains(address); });
}

std::optional<Caller> find_caller(const RequestHead& request, const ip::address& peer, const Trust& trust) {
    ip::address last = peer;
    const std::vector<Hop> hops = hops_of(request, trust.field);
    const Hop* told = nullptr;
    for (auto hop = hops.rbegin(); hop != hops.rend() && trust.includes(last); ++hop) {
        const std::optional<ip::address> address = address_of(hop->node);
        if (!address) {
            break;
        }
        last = *address;
        told = &*hop;
    }
    const std::string_view proto = trust.field == CallerField::x_forwarded_for ? x_forwarded_proto(request)
                                   : told != nullptr                           ? told->proto
                                                                               : std::string_view();
    if (told == nullptr && proto.empty()) {
        return std::nullopt;
    }
    return Caller{last.to_string(), https(proto)};
}

}  // namespace adit::http
