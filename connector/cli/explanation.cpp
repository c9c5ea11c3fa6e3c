// Following routes as the pipeline does, with all sides of a split at once; see explanation.h.
#include "connector/cli/explanation.h"

#include <boost/json.hpp>
#include <iomanip>
#include <iostream>

namespace adit::cli {
namespace {

namespace json = boost::json;

class Explainer {
  public:
    Explainer(const config::Configuration& configuration, const route::Router& router, std::string_view host)
        : configuration_(configuration), router_(router), host_(host) {}

    json::object route(const route::Route& found, const std::string& path) const {
        const config::RouteRule& rule = configuration_.routes[found.index];
        json::object told{{"route", rule.name},
                          {"match", json::object{{"host", rule.match.host.empty() ? "*" : rule.match.host},
                                                 {"path", rule.match.path}}},
                          {"path", path}};
        if (configuration_.enforces_access) {
            told["policies"] = json::array(rule.policies.begin(), rule.policies.end());
            json::array rules;
            for (const access::Rule& one : rule.access.value_or(access::Rules())) {
                rules.emplace_back(one.text());
            }
            told["access"] = rule.access ? json::value(std::move(rules)) : json::value(nullptr);
        }
        if (found.redirect) {
            told["redirect"] =
                json::object{{"status", found.redirect_status}, {"to", found.redirect->text.expand(host_, path)}};
            return told;
        }
        if (found.fixed) {
            told["static"] = json::object{{"status", found.fixed->status}, {"content_type", found.fixed->content_type}};
            return told;
        }
        std::string onward = path;
        if (found.rewrite) {
            onward = found.rewrite->text.expand(host_, path);
            told["rewritten"] = onward;
        }
        if (found.mirror) {
            told["mirror"] = destination({found.mirror->backend, found.mirror->backend_index}, onward);
            told["mirror"].as_object()["percent"] = found.mirror->percent;
        }
        if (!found.split) {
            const json::object only = destination(found.destination, onward);
            told.insert(only.begin(), only.end());
            return told;
        }
        json::array shares;
        for (const route::Split::Share& share : found.split->shares()) {
            json::object one = destination(share.to, onward);
            one["weight"] = share.weight;
            shares.push_back(std::move(one));
        }
        told["split"] = std::move(shares);
        told["split_by"] = by(rule.split_by);
        return told;
    }

  private:
    json::object destination(const route::Destination& to, const std::string& path) const {
        json::array endpoints;
        for (const config::Endpoint& endpoint : configuration_.backends[to.backend_index].endpoints) {
            endpoints.emplace_back(endpoint.text());
        }
        json::object told{{"backend", to.backend}, {"endpoints", std::move(endpoints)}};
        if (to.inner != route::no_route) {
            told["inner"] = route(router_.routes()[to.inner], path);
        }
        return told;
    }

    static std::string by(const config::SplitBy& by) {
        using Of = config::SplitBy::Of;
        return by.of == Of::chance      ? "chance"
               : by.of == Of::client_ip ? "client_ip"
                                        : (by.of == Of::header ? "header " : "cookie ") + by.name;
    }

    const config::Configuration& configuration_;
    const route::Router& router_;
    const std::string host_;
};

/// A line of the explanation: what it is about, and what is said.
std::ostream& line(std::size_t depth, std::string_view about) {
    return std::cout << std::string(2 * depth, ' ') << std::left << std::setw(10) << about;
}

std::string text(const json::object& of, std::string_view name) {
    const json::value& value = of.at(name);
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

void print(const json::object& told, std::size_t depth);

std::string joined(const json::array& list, const char* between) {
    std::string all;
    for (const json::value& one : list) {
        all.append(all.empty() ? "" : between).append(one.as_string());
    }
    return all;
}

/// Who may come in; nothing where nobody is asked.
void print_trust(const json::object& told, std::size_t depth) {
    const json::value* policies = told.if_contains("policies");
    if (policies == nullptr) {
        return;
    }
    const json::array& names = policies->as_array();
    line(depth, "policies") << (names.empty() ? "none: only requests that another route sends come in"
                                              : joined(names, ", then "))
                            << '\n';
    const json::value& rules = told.at("access");
    line(depth, "access") << (rules.is_null()            ? "no rules: services and tunnels decide"
                              : rules.as_array().empty() ? "nobody"
                                                         : joined(rules.as_array(), "; "))
                          << '\n';
}

void print_destination(const json::object& to, std::size_t depth) {
    for (const json::value& endpoint : to.at("endpoints").as_array()) {
        line(depth, "") << endpoint.as_string().c_str() << '\n';
    }
    if (const json::value* inner = to.if_contains("inner")) {
        print(inner->as_object(), depth + 1);
    }
}

void print(const json::object& told, std::size_t depth) {
    const json::object& match = told.at("match").as_object();
    line(depth, "route") << text(told, "route") << " (host " << text(match, "host") << ", path " << text(match, "path")
                         << ")\n";
    print_trust(told, depth);
    if (const json::value* redirect = told.if_contains("redirect")) {
        line(depth, "redirect") << text(redirect->as_object(), "status") << " to " << text(redirect->as_object(), "to")
                                << '\n';
        return;
    }
    if (const json::value* fixed = told.if_contains("static")) {
        line(depth, "answer") << text(fixed->as_object(), "status") << " of the connector's own\n";
        return;
    }
    if (const json::value* split = told.if_contains("split")) {
        line(depth, "split") << "by " << text(told, "split_by") << '\n';
        for (const json::value& one : split->as_array()) {
            const json::object& share = one.as_object();
            line(depth, "backend") << text(share, "backend") << " (weight " << text(share, "weight") << ")\n";
            print_destination(share, depth);
        }
    } else {
        line(depth, "backend") << text(told, "backend") << '\n';
        print_destination(told, depth);
    }
    if (told.contains("rewritten")) {
        line(depth, "path") << text(told, "rewritten") << '\n';
    }
    if (const json::value* mirror = told.if_contains("mirror")) {
        line(depth, "mirror") << text(mirror->as_object(), "backend") << " (" << text(mirror->as_object(), "percent")
                              << " % of requests)\n";
        print_destination(mirror->as_object(), depth);
    }
}

}  // namespace

json::object explanation(const config::Configuration& configuration, const route::Router& router,
                         const route::Route& found, std::string_view host, std::string_view path) {
    return Explainer(configuration, router, host).route(found, std::string(path));
}

void print_explanation(const json::object& told) {
    print(told, 0);
}

}  // namespace adit::cli
