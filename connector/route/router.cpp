// Hosts are looked up in hash maps: once as a whole, then once per label from the longest suffix to the shortest.
#include "connector/route/router.h"

#include <array>

namespace adit::route {
namespace {

constexpr std::size_t max_host = 255;  // RFC 1035 §2.3.4

/// The host of a Host field: without port, brackets and the root's dot.
std::string_view bare_host(std::string_view field) {
    if (field.starts_with('[')) {
        const auto close = field.find(']');
        return close == std::string_view::npos ? std::string_view() : field.substr(1, close - 1);
    }
    field = field.substr(0, field.find(':'));
    if (field.ends_with('.')) field.remove_suffix(1);
    return field;
}

/// `host` in lower case within `buffer`; empty when it is longer than any name can be, so that no pattern fits.
std::string_view lower_case(std::string_view host, std::array<char, max_host>& buffer) {
    if (host.size() > buffer.size()) return {};
    for (std::size_t i = 0; i < host.size(); ++i)
        buffer[i] = host[i] >= 'A' && host[i] <= 'Z' ? static_cast<char>(host[i] - 'A' + 'a') : host[i];
    return {buffer.data(), host.size()};
}

}  // namespace

Router::Router(const std::vector<config::RouteRule>& rules) {
    routes_.reserve(rules.size());
    for (const auto& rule : rules) {
        const auto index = static_cast<RouteIndex>(routes_.size());
        routes_.push_back(Route{rule.name, rule.backend, rule.backend_index, index});
        const std::string_view host = rule.match.host;
        auto& tree = host.empty()             ? any_host_
                     : host.starts_with("*.") ? suffixes_[std::string(host.substr(1))]
                                              : exact_[std::string(host)];
        tree.add(rule.match.path, index);
    }
}

const Route* Router::match(std::string_view host, std::string_view path) const {
    std::array<char, max_host> buffer;
    const auto route = find(lower_case(bare_host(host), buffer), path);
    return route == no_route ? nullptr : &routes_[route];
}

RouteIndex Router::find(std::string_view host, std::string_view path) const {
    if (const auto exact = exact_.find(host); exact != exact_.end())
        if (const auto route = exact->second.match(path); route != no_route) return route;
    if (!suffixes_.empty()) {
        // From 1: a wildcard stands for at least one label with at least one character.
        for (auto dot = host.find('.', 1); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
            const auto suffix = suffixes_.find(host.substr(dot));
            if (suffix == suffixes_.end()) continue;
            if (const auto route = suffix->second.match(path); route != no_route) return route;
        }
    }
    return any_host_.match(path);
}

}  // namespace adit::route
