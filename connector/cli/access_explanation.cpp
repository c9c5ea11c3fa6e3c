// The pipeline's questions, asked of files; see access_explanation.h.
#include "connector/cli/access_explanation.h"

#include <algorithm>
#include <set>

#include "common/config/suggest.h"
#include "connector/route/passage.h"
#include "connector/store/access_rules.h"

namespace adit::cli {
namespace {

constexpr const char* kUnenforced = "nothing is enforced: the configuration has no consumers, policies or access";

class Explainer {
  public:
    Explainer(const config::Configuration& configuration, const std::vector<TunnelRecord>& tunnels)
        : configuration_(configuration), tunnels_(tunnels) {}

    access::Verdict endpoint(const config::Endpoint& endpoint, const route::Passage& passage) const {
        if (!configuration_.enforces_access) {
            return {true, kUnenforced};
        }
        if (endpoint.scheme != config::Endpoint::Scheme::service) {
            return passage.decide({}, access::Words::all);
        }
        for (const TunnelRecord& tunnel : tunnels_) {
            const auto found = std::ranges::find(tunnel.services, endpoint.service, &ServiceRecord::name);
            if (found != tunnel.services.end()) {
                const auto rules = access_rules(*found);
                return passage.decide({.service = endpoint.service,
                                       .tunnel = tunnel.name,
                                       .rules = rules ? &*rules : nullptr,
                                       .hold = nullptr},
                                      access::Words::all);
            }
        }
        access::Verdict verdict = passage.decide({.service = endpoint.service, .tunnel = {}}, access::Words::all);
        verdict.reason += " (no tunnel has this service)";
        return verdict;
    }

    /// Whether a request of the route may be answered.
    bool route(std::size_t index, route::Passage passage, std::vector<AccessFinding>& findings) const {
        const config::RouteRule& rule = configuration_.routes[index];
        enter(rule, passage);
        const bool answers = rule.redirect || rule.fixed;
        if (answers || (configuration_.enforces_access && rule.access)) {
            access::Verdict verdict = configuration_.enforces_access ? passage.decide({}, access::Words::all)
                                                                     : access::Verdict{true, kUnenforced};
            if (!verdict.allowed || answers) {
                findings.push_back({"route " + rule.name, verdict.allowed, std::move(verdict.reason)});
                return verdict.allowed;
            }
        }
        if (rule.split.empty()) {
            return destination(rule, rule.backend_index, rule.inner_route, passage, findings);
        }
        bool all = true;
        for (const config::SplitShare& share : rule.split) {
            if (share.weight > 0) {
                all = destination(rule, share.backend_index, share.inner_route, passage, findings) && all;
            }
        }
        return all;
    }

  private:
    bool destination(const config::RouteRule& rule, std::size_t backend, std::optional<std::size_t> inner,
                     const route::Passage& passage, std::vector<AccessFinding>& findings) const {
        if (inner) {
            return route(*inner, passage, findings);
        }
        bool any = false;
        const config::Backend& to = configuration_.backends[backend];
        for (const config::Endpoint& one : to.endpoints) {
            access::Verdict verdict = endpoint(one, passage);
            any = any || verdict.allowed;
            findings.push_back({"route " + rule.name + ": backend " + to.name + ", " + one.text(), verdict.allowed,
                                std::move(verdict.reason)});
        }
        return any;
    }

    void enter(const config::RouteRule& rule, route::Passage& passage) const {
        passage.route_is_anonymous =
            passage.route_is_anonymous || std::ranges::any_of(rule.authentication, [&](const std::string& name) {
                const config::Policy* policy = configuration_.policy(name);
                return policy != nullptr && policy->anonymous.has_value();
            });
        if (rule.access || passage.route_rules == nullptr) {
            passage.route = rule.name;
            passage.route_rules = rule.access ? &*rule.access : nullptr;
        }
    }

    const config::Configuration& configuration_;
    const std::vector<TunnelRecord>& tunnels_;
};

route::Passage passage_of(const config::Configuration& configuration, const access::Caller& caller) {
    route::Passage passage;
    passage.caller = std::make_shared<const access::Caller>(caller);
    passage.access = configuration.enforces_access ? &configuration.access : nullptr;
    return passage;
}

}  // namespace

Result<access::Caller> caller_named(const config::Configuration& configuration, const std::string& consumer,
                                    const std::string& project, const std::string& environment) {
    access::Caller caller;
    caller.consumer = consumer;
    caller.environment = environment;
    caller.project = consumer == access::kAnonymous ? std::string() : consumer;
    std::vector<const config::Consumer*> known;
    std::set<std::string> environments;
    for (const config::Consumer& one : configuration.consumers) {
        if (one.name == consumer) {
            known.push_back(&one);
            environments.insert(one.environment.empty() ? "none" : one.environment);
        }
    }
    if (environment.empty() && known.size() > 1) {
        const std::vector<std::string> list(environments.begin(), environments.end());
        return usage_error("consumer " + consumer + " has several environments (" + yaml::listing(list) +
                           "): give --environment");
    }
    for (const config::Consumer* one : known) {
        if (environment.empty() || one->environment == environment || known.size() == 1) {
            caller.project = one->project.empty() ? one->name : one->project;
            caller.environment = environment.empty() ? one->environment : environment;
        }
    }
    if (!project.empty()) {
        caller.project = project;
    }
    return caller;
}

AccessAnswer explain_service(const config::Configuration& configuration, const std::vector<TunnelRecord>& tunnels,
                             const access::Caller& caller, const std::string& service) {
    config::Endpoint endpoint;
    endpoint.scheme = config::Endpoint::Scheme::service;
    endpoint.service = service;
    access::Verdict verdict = Explainer(configuration, tunnels).endpoint(endpoint, passage_of(configuration, caller));
    return {verdict.allowed, {{"service " + service, verdict.allowed, std::move(verdict.reason)}}};
}

AccessAnswer explain_route(const config::Configuration& configuration, const std::vector<TunnelRecord>& tunnels,
                           const access::Caller& caller, std::size_t route) {
    AccessAnswer answer;
    answer.allowed = Explainer(configuration, tunnels).route(route, passage_of(configuration, caller), answer.findings);
    return answer;
}

}  // namespace adit::cli
