// Following routes as the pipeline does, with all sides of a split at once; see explanation.h.
#include "connector/cli/explanation.h"

#include <boost/json.hpp>
#include <iomanip>
#include <iostream>

#include "connector/cli/access_explanation.h"
#include "connector/cli/explanation_policies.h"
#include "connector/cli/explanation_terms.h"
#include "connector/resilience/overload.h"

namespace adit::cli {
namespace {

namespace json = boost::json;

class Explainer {
  public:
    Explainer(const config::Configuration& configuration, const route::Router& router, const Question& question)
        : configuration_(configuration), router_(router), question_(question), host_(question.host) {}

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
        told["verdicts"] = policies_of(configuration_, rule, question_.caller);
        told["priority"] = resilience::name(rule.priority);
        told["essential"] = rule.essential;
        told["cost"] = rule.cost;
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
            told["mirror"] = destination(rule, {found.mirror->backend, found.mirror->backend_index}, onward);
            told["mirror"].as_object()["percent"] = found.mirror->percent;
        }
        if (!found.split) {
            const json::object only = destination(rule, found.destination, onward);
            told.insert(only.begin(), only.end());
            return told;
        }
        json::array shares;
        for (const route::Split::Share& share : found.split->shares()) {
            json::object one = destination(rule, share.to, onward);
            one["weight"] = share.weight;
            shares.push_back(std::move(one));
        }
        told["split"] = std::move(shares);
        told["split_by"] = by(rule.split_by);
        return told;
    }

  private:
    json::object destination(const config::RouteRule& rule, const route::Destination& to,
                             const std::string& path) const {
        json::array endpoints;
        const config::Backend& backend = configuration_.backends[to.backend_index];
        for (const config::Endpoint& endpoint : backend.endpoints) {
            endpoints.emplace_back(endpoint.text());
        }
        json::object told{{"backend", to.backend}, {"endpoints", std::move(endpoints)}};
        if (to.inner != route::no_route) {
            told["inner"] = route(router_.routes()[to.inner], path);
            return told;
        }
        told["essential_backend"] = backend.essential;
        told["terms"] = terms_of(configuration_, rule, backend);
        told["live"] = question_.live.about(rule.name, backend, told.at("terms").as_object());
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
    const Question& question_;
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

void print_lines(const std::vector<std::pair<std::string, std::string>>& lines, std::size_t depth) {
    for (const auto& [about, words] : lines) {
        line(depth, about) << words << '\n';
    }
}

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
        return;
    }
    print_lines(lines_of_terms(to.at("terms").as_object()), depth);
    print_lines(lines_of_live(to.at("live").as_object()), depth);
}

void print_importance(const json::object& told, std::size_t depth) {
    line(depth, "priority") << text(told, "priority")
                            << (told.at("essential").as_bool() ? "" : ", waits while functionality is reduced")
                            << ", costs " << text(told, "cost") << " of a rate limit\n";
}

/// What access rules say of the caller.
void print_caller(const json::object& caller) {
    const std::string environment = text(caller, "environment");
    line(0, "caller") << text(caller, "consumer") << (environment.empty() ? "" : " (" + environment + ")") << ": "
                      << (caller.at("allowed").as_bool() ? "allowed" : "denied") << '\n';
    for (const json::value& one : caller.at("findings").as_array()) {
        const json::object& finding = one.as_object();
        line(0, "") << (finding.at("allowed").as_bool() ? "allowed" : "denied") << "  " << text(finding, "what") << ": "
                    << text(finding, "reason") << '\n';
    }
}

void print(const json::object& told, std::size_t depth) {
    const json::object& match = told.at("match").as_object();
    line(depth, "route") << text(told, "route") << " (host " << text(match, "host") << ", path " << text(match, "path")
                         << ")\n";
    print_trust(told, depth);
    print_lines(lines_of_policies(told.at("verdicts").as_array()), depth);
    print_importance(told, depth);
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
                         const route::Route& found, const Question& question) {
    json::object told = Explainer(configuration, router, question).route(found, std::string(question.path));
    told["standing"] = question.live.standing();
    if (question.caller) {
        const AccessAnswer answer = explain_route(configuration, question.tunnels, *question.caller, found.index);
        json::array findings;
        for (const AccessFinding& one : answer.findings) {
            findings.push_back(json::object{{"what", one.what}, {"allowed", one.allowed}, {"reason", one.reason}});
        }
        told["caller"] = json::object{{"consumer", question.caller->consumer},
                                      {"project", question.caller->project},
                                      {"environment", question.caller->environment},
                                      {"allowed", answer.allowed},
                                      {"findings", std::move(findings)}};
    }
    return told;
}

void print_explanation(const json::object& told) {
    print(told, 0);
    if (const json::value* caller = told.if_contains("caller")) {
        print_caller(caller->as_object());
    }
    print_lines(lines_of_standing(told.at("standing").as_object()), 0);
}

}  // namespace adit::cli
