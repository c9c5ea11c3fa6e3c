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
            return passage.decide({});
        }
        for (const TunnelRecord& tunnel : tunnels_) {
            const auto found = std::ranges::find(tunnel.services, endpoint.service, &ServiceRecord::name);
            if (found != tunnel.services.end()) {
                const auto rules = access_rules(*found);
                return passage.decide({.service = endpoint.service,
                                       .tunnel = tunnel.name,
                                       .rules = rules ? &*rules : nullptr,
                                       .hold = nullptr});
            }
        }
        access::Verdict verdict = passage.decide({.service = endpoint.service, .tunnel = {}});
        verdict.reason += " (no tunnel has this service)";
        return verdict;
    }

    void route(std::size_t index, route::Passage passage, std::vector<AccessFinding>& findings) const {
        const config::RouteRule& rule = configuration_.routes[index];
        const std::string name = "route " + rule.name;
        enter(rule, passage);
        if (configuration_.enforces_access && (rule.access || rule.redirect || rule.fixed)) {
            access::Verdict verdict = passage.decide({});
            if (!verdict.allowed || rule.redirect || rule.fixed) {
                findings.push_back({name, verdict.allowed, std::move(verdict.reason)});
                return;
            }
        } else if (rule.redirect || rule.fixed) {
            findings.push_back({name, true, kUnenforced});
            return;
        }
        const auto follow = [&](std::size_t backend, std::optional<std::size_t> inner) {
            if (inner) {
                return this->route(*inner, passage, findings);
            }
            const config::Backend& to = configuration_.backends[backend];
            for (const config::Endpoint& one : to.endpoints) {
                access::Verdict verdict = endpoint(one, passage);
                findings.push_back(
                    {name + ": backend " + to.name + ", " + one.text(), verdict.allowed, std::move(verdict.reason)});
            }
        };
        if (rule.split.empty()) {
            follow(rule.backend_index, rule.inner_route);
        }
        for (const config::SplitShare& share : rule.split) {
            follow(share.backend_index, share.inner_route);
        }
    }

  private:
    void enter(const config::RouteRule& rule, route::Passage& passage) const {
        passage.route_is_anonymous =
            passage.route_is_anonymous || std::ranges::any_of(rule.policies, [&](const std::string& name) {
                const auto& all = configuration_.policies;
                const auto found = std::ranges::find(all, name, &config::AuthenticationPolicy::name);
                return found != all.end() && found->anonymous.has_value();
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

AccessFinding explain_service(const config::Configuration& configuration, const std::vector<TunnelRecord>& tunnels,
                              const access::Caller& caller, const std::string& service) {
    config::Endpoint endpoint;
    endpoint.scheme = config::Endpoint::Scheme::service;
    endpoint.service = service;
    access::Verdict verdict = Explainer(configuration, tunnels).endpoint(endpoint, passage_of(configuration, caller));
    return {"service " + service, verdict.allowed, std::move(verdict.reason)};
}

std::vector<AccessFinding> explain_route(const config::Configuration& configuration,
                                         const std::vector<TunnelRecord>& tunnels, const access::Caller& caller,
                                         std::size_t route) {
    std::vector<AccessFinding> findings;
    Explainer(configuration, tunnels).route(route, passage_of(configuration, caller), findings);
    return findings;
}

}  // namespace adit::cli
