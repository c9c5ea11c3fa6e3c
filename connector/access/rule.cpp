// Looking at rules, hop by hop; see rule.h.
#include "connector/access/rule.h"

#include <algorithm>

namespace adit::access {
namespace {

std::string who(const Caller& caller) {
    if (caller.consumer == kAnonymous) {
        return "an anonymous caller";
    }
    return "consumer " + caller.consumer + (caller.environment.empty() ? "" : " in " + caller.environment);
}

const Rule* find(const Rules* rules, const Caller& caller) {
    if (rules == nullptr) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(*rules, [&](const Rule& rule) { return rule.allows(caller); });
    return found == rules->end() ? nullptr : &*found;
}

/// One of those that must allow: "route payments", in words only where they are wanted.
struct Hop {
    std::string_view kind;
    std::string_view name;
    std::string text() const { return std::string(kind) + " " + std::string(name); }
};

Verdict deny(const Hop& hop, const Caller& caller) {
    return {false, hop.text() + " allows no " + who(caller)};
}

Verdict unruled(const Hop& hop) {
    return {false, hop.text() + " has no access rule"};
}

/// Collects what allowed the caller.
void add(Verdict& verdict, const Hop& hop, const Rule& rule, Words words) {
    verdict.allowed = true;
    if (words == Words::all) {
        verdict.reason += (verdict.reason.empty() ? "" : "; ") + hop.text() + " allows " + rule.text();
    }
}

}  // namespace

bool Rule::allows(const Caller& caller) const {
    const bool anonymous = caller.consumer == kAnonymous;
    const bool named = !project.empty()  ? !anonymous && project == caller.project
                       : consumer == "*" ? !anonymous
                                         : consumer == caller.consumer;
    return named && std::ranges::any_of(environments, [&](const std::string& environment) {
               return environment == "*" || environment == caller.environment;
           });
}

std::string Rule::text() const {
    std::string list;
    for (const std::string& environment : environments) {
        list += (list.empty() ? "" : ", ") + (environment == "*" ? std::string("any environment") : environment);
    }
    const std::string subject = !project.empty()  ? "project " + project
                                : consumer == "*" ? std::string("any consumer")
                                                  : "consumer " + consumer;
    return subject + (list.empty() ? " in no environment" : " in " + list);
}

Verdict decide(const Caller& caller, const Target& target, Words words) {
    Verdict verdict;
    const Hop route{"route", target.route};
    if (target.route_rules != nullptr) {
        const Rule* rule = find(target.route_rules, caller);
        if (rule == nullptr) {
            return deny(route, caller);
        }
        add(verdict, route, *rule, words);
    } else if (target.route_is_anonymous && caller.consumer == kAnonymous) {
        verdict = {true, words == Words::all ? route.text() + " has the policy anonymous" : ""};
    }
    if (target.service.empty()) {
        return verdict.allowed ? verdict : unruled(route);
    }
    const Hop tunnel{"tunnel", target.tunnel};
    const Rule* of_tunnel = find(target.tunnel_rules, caller);
    if (target.tunnel_rules != nullptr && of_tunnel == nullptr) {
        return deny(tunnel, caller);
    }
    const Hop service{"service", target.service};
    const Rule* of_service = find(target.service_rules, caller);
    if (of_service == nullptr) {
        of_service = find(target.service_rules_here, caller);
    }
    const bool service_has_rules = target.service_rules != nullptr || target.service_rules_here != nullptr;
    if (service_has_rules && of_service == nullptr) {
        return deny(service, caller);
    }
    if (of_tunnel == nullptr && of_service == nullptr) {
        return unruled(service);
    }
    if (of_tunnel != nullptr) {
        add(verdict, tunnel, *of_tunnel, words);
    }
    if (of_service != nullptr) {
        add(verdict, service, *of_service, words);
    }
    return verdict;
}

}  // namespace adit::access
