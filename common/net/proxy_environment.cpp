// Parsing of the proxy variables; see proxy_environment.h.
#include "common/net/proxy_environment.h"

#include <algorithm>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>
#include <cstdlib>

#include "common/base/strings.h"

namespace adit::net {
namespace ip = boost::asio::ip;
namespace {

/// RFC 3986 §2.1; a "%" that begins no escape stays as it is.
std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* digits = text.data() + i + 1;
        if (text[i] == '%' && text.size() - i > 2 && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            out += static_cast<char>(value);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool covers_address(std::string_view rule, std::string_view host) {
    boost::system::error_code error;
    const ip::address address = ip::make_address(std::string(host), error);
    if (error) {
        return false;
    }
    const std::string text(rule);
    if (address.is_v4()) {
        const auto network = ip::make_network_v4(text.find('/') == std::string::npos ? text + "/32" : text, error);
        return !error && network.canonical() == ip::network_v4(address.to_v4(), network.prefix_length()).canonical();
    }
    const auto network = ip::make_network_v6(text.find('/') == std::string::npos ? text + "/128" : text, error);
    return !error && network.canonical() == ip::network_v6(address.to_v6(), network.prefix_length()).canonical();
}

/// Takes ":port" and brackets off a rule; nothing when the rule is for another port.
std::optional<std::string_view> without_port(std::string_view rule, std::uint16_t port) {
    const std::size_t colon = rule.rfind(':');
    const bool bracketed = rule.starts_with('[');
    const bool has_port =
        colon != std::string_view::npos && (bracketed ? rule[colon - 1] == ']' : rule.find(':') == colon);
    if (has_port) {
        if (rule.substr(colon + 1) != std::to_string(port)) {
            return std::nullopt;
        }
        rule = rule.substr(0, colon);
    }
    if (bracketed && rule.ends_with(']')) {
        rule = rule.substr(1, rule.size() - 2);
    }
    return rule;
}

bool covers(std::string_view rule, std::string_view host, std::uint16_t port) {
    if (rule == "*") {
        return true;
    }
    const auto for_this_port = without_port(rule, port);
    if (!for_this_port) {
        return false;
    }
    rule = *for_this_port;
    if (covers_address(rule, host)) {
        return true;
    }
    if (rule.starts_with("*.")) {
        rule.remove_prefix(1);
    }
    const auto below = [host](std::string_view suffix) {
        return host.size() > suffix.size() && iequals(host.substr(host.size() - suffix.size()), suffix);
    };
    if (rule.starts_with('.')) {
        return below(rule);
    }
    return !rule.empty() && (iequals(host, rule) || (below(rule) && host[host.size() - rule.size() - 1] == '.'));
}

std::string_view environment(const char* upper, const char* lower) {
    const char* value = std::getenv(upper);
    if (value == nullptr || *value == '\0') {
        value = std::getenv(lower);
    }
    return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

Result<ProxyEnvironment> ProxyEnvironment::parse(std::string_view proxy, std::string_view exceptions) {
    ProxyEnvironment result;
    for (const std::string_view rule : split_list(exceptions, ',')) {
        result.exceptions_.emplace_back(rule);
    }
    proxy = trim(proxy);
    if (proxy.empty()) {
        return result;
    }
    // The value may hold a password, so messages do not quote it.
    const auto wrong = [](const char* why) {
        return usage_error(std::string("HTTPS_PROXY cannot be used: ") + why +
                           "; expected http://[user:password@]host:port");
    };
    if (const std::size_t scheme = proxy.find("://"); scheme != std::string_view::npos) {
        if (!iequals(proxy.substr(0, scheme), "http")) {
            return wrong("only proxies that are spoken to in clear text (http://) are supported");
        }
        proxy.remove_prefix(scheme + 3);
    }
    proxy = proxy.substr(0, proxy.find('/'));
    Proxy found;
    if (const std::size_t at = proxy.rfind('@'); at != std::string_view::npos) {
        const std::string_view credentials = proxy.substr(0, at);
        const std::size_t colon = credentials.find(':');
        found.user = percent_decode(credentials.substr(0, colon));
        found.password = colon == std::string_view::npos ? "" : percent_decode(credentials.substr(colon + 1));
        // RFC 7617 §2: what a Basic user-id and password cannot hold.
        if (found.user.find(':') != std::string::npos || has_control(found.user) || has_control(found.password)) {
            return wrong("its user holds a colon, or its user or password a control character");
        }
        proxy.remove_prefix(at + 1);
    }
    const std::size_t colon = proxy.rfind(':');
    const bool has_port = colon != std::string_view::npos && proxy.find(']', colon) == std::string_view::npos;
    unsigned port = 80;
    if (has_port) {
        const std::string_view digits = proxy.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (error != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65535) {
            return wrong("its port is not a number from 1 to 65535");
        }
    }
    found.port = static_cast<std::uint16_t>(port);
    found.host = std::string(proxy.substr(0, has_port ? colon : std::string_view::npos));
    std::erase_if(found.host, [](char c) { return c == '[' || c == ']'; });
    if (found.host.empty()) {
        return wrong("it names no host");
    }
    result.proxy_ = std::move(found);
    return result;
}

Result<ProxyEnvironment> ProxyEnvironment::from_process() {
    return parse(environment("HTTPS_PROXY", "https_proxy"), environment("NO_PROXY", "no_proxy"));
}

std::optional<Proxy> ProxyEnvironment::for_target(std::string_view host, std::uint16_t port) const {
    for (const std::string& rule : exceptions_) {
        if (covers(rule, host, port)) {
            return std::nullopt;
        }
    }
    return proxy_;
}

}  // namespace adit::net
