// A host is looked up once as a whole, then once per label from the longest suffix to the shortest.
#include "connector/route/router.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "connector/config/pattern.h"

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

/// Of routes with one path the first whose conditions the request meets.
class Router::Met final : public Choice {
  public:
    Met(const Router& router, const http::RequestHead& request) : router_(router), request_(request) {}
    RouteIndex among(RouteIndex first) const override {
        while (first != no_route && router_.conditional_[first] != 0 &&
               !router_.routes_[first].conditions.met_by(request_))
            first = router_.routes_[first].next;
        return first;
    }

  private:
    const Router& router_;
    const http::RequestHead& request_;
};

Router::Router(const std::vector<config::RouteRule>& rules) {
    // Within one path the most demanding come first; the order of the file decides among equals.
    std::vector<RouteIndex> order(rules.size());
    std::iota(order.begin(), order.end(), RouteIndex{0});
    routes_.reserve(rules.size());
    for (const auto& rule : rules) {
        const auto target = [&rule](const std::string& text, bool keep_query) {
            return Route::Target{PathTemplate(rule.match.path, text), keep_query};
        };
        const auto inner = rule.inner_route ? static_cast<RouteIndex>(*rule.inner_route) : no_route;
        auto& route = routes_.emplace_back(Route{.name = rule.name,
                                                 .destination = {rule.backend, rule.backend_index, inner},
                                                 .index = routes_.size(),
                                                 .conditions = Conditions(rule.match),
                                                 .rewrite = {},
                                                 .redirect = {},
                                                 .fixed = rule.fixed,
                                                 .split = {},
                                                 .mirror = rule.mirror});
        if (!rule.split.empty()) route.split.emplace(rule.split, rule.split_by);
        if (rule.rewrite) route.rewrite = target(rule.rewrite->path, rule.rewrite->keep_query);
        if (rule.redirect) {
            route.redirect = target(rule.redirect->to, rule.redirect->keep_query);
            route.redirect_status = rule.redirect->status;
        }
        route.plain =
            !rule.rewrite && !rule.redirect && !rule.fixed && rule.split.empty() && !rule.mirror && !rule.inner_route;
    }
    for (const Route& route : routes_) conditional_.push_back(route.conditions.count() > 0 ? 1 : 0);
    std::ranges::sort(order, {}, [this](RouteIndex index) {
        return std::pair(-static_cast<std::ptrdiff_t>(routes_[index].conditions.count()), index);
    });
    for (const RouteIndex index : order) {
        const std::string_view host = rules[index].match.host;
        const auto place = host.empty()             ? PathTree::any_host
                           : host.starts_with("*.") ? tree_.add_host(PathTree::suffixes, host.substr(1))
                                                    : tree_.add_host(PathTree::exact_hosts, host);
        if (const auto first = tree_.add(place, config::bare_pattern(rules[index].match.path), index); first != index)
            chain(first, index);
    }
}

void Router::chain(RouteIndex first, RouteIndex added) {
    while (routes_[first].next != no_route) first = routes_[first].next;
    routes_[first].next = added;
}

const Route* Router::match(std::string_view host, std::string_view path, const http::RequestHead& request) const {
    std::array<char, max_host> buffer;
    const auto route = find(lower_case(bare_host(host), buffer), path, Met(*this, request));
    return route == no_route ? nullptr : &routes_[route];
}

RouteIndex Router::find(std::string_view host, std::string_view path, const Choice& choice) const {
    if (const auto exact = tree_.find_host(PathTree::exact_hosts, host); exact != PathTree::no_node)
        if (const auto route = tree_.match(exact, path, choice); route != no_route) return route;
    if (tree_.has_hosts(PathTree::suffixes)) {
        // From 1: a wildcard stands for at least one label with at least one character.
        for (auto dot = host.find('.', 1); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
            const auto suffix = tree_.find_host(PathTree::suffixes, host.substr(dot));
            if (suffix == PathTree::no_node) continue;
            if (const auto route = tree_.match(suffix, path, choice); route != no_route) return route;
        }
    }
    return tree_.match(PathTree::any_host, path, choice);
}

}  // namespace adit::route
