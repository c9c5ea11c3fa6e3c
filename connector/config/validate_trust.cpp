// Names of policies, consumers and projects; see validate_trust.h.
#include "connector/config/validate_trust.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "common/base/encoding.h"
#include "common/config/suggest.h"
#include "connector/access/caller.h"

namespace adit::config {
namespace {

using yaml::Diagnostics;
using yaml::Node;
using yaml::Place;
using yaml::place_of;

constexpr std::array<std::string_view, 4> kBuiltIn{"api-key", "basic", "mtls", "anonymous"};

Policy built_in(const std::string& name) {
    Policy policy{.name = name};
    if (name == "api-key") policy.api_key.emplace();
    if (name == "basic") policy.basic.emplace();
    if (name == "mtls") policy.mtls.emplace();
    if (name == "anonymous") policy.anonymous.emplace();
    return policy;
}

/// Whether callers may get names that no consumer has.
bool names_strangers(const Policy& policy) {
    return (policy.jwt && !policy.jwt->listed_only) ||
           (policy.mtls && policy.mtls->unlisted != MtlsPolicy::Unlisted::refuse);
}

class Trust {
  public:
    Trust(const Node& root, Configuration& configuration, Diagnostics& diagnostics)
        : root_(root), configuration_(configuration), diagnostics_(diagnostics) {
        for (const Consumer& consumer : configuration.consumers) {
            consumers_.insert(consumer.name);
            projects_.insert(consumer.project.empty() ? consumer.name : consumer.project);
        }
    }

    void check() {
        check_policies();
        check_uses();
        note_enforcement();
        check_consumers();
        check_rules();
    }

  private:
    void error(Place place, std::string message) { diagnostics_.error(std::move(place), std::move(message)); }

    /// Who writes any of it wants callers to be asked: nothing of it may count for nothing. Limits alone ask nobody.
    void note_enforcement() {
        bool enforces = false;
        for (const char* key : {"consumers", "access"}) enforces = enforces || root_.find(key) != nullptr;
        const auto authenticates = [](const Policy& policy) { return policy.authenticates(); };
        enforces = enforces ||
                   (root_.find("policies") &&
                    (configuration_.policies.empty() || std::ranges::any_of(configuration_.policies, authenticates)));
        for (const RouteRule& route : configuration_.routes)
            enforces = enforces || !route.authentication.empty() || route.access.has_value();
        for (const Listener& listener : configuration_.listeners)
            enforces = enforces || (listener.forward_proxy && !listener.forward_proxy->policies.empty());
        configuration_.enforces_access = enforces;
    }

    const Policy* find(const std::string& name) const { return configuration_.policy(name); }

    /// A built-in name may be given other settings, but no other meaning.
    void check_policies() {
        for (const Policy& policy : configuration_.policies) {
            const auto place = [&] { return place_of(root_, {"policies", policy.name}); };
            const Policy usual = built_in(policy.name);
            const bool changed = (usual.api_key && !policy.api_key) || (usual.basic && !policy.basic) ||
                                 (usual.mtls && !policy.mtls) || (usual.anonymous && !policy.anonymous);
            if (changed) error(place(), "'" + policy.name + "' is the name of a built-in policy of another kind");
            if (policy.ip && !policy.ip->consumer.empty() && !consumers_.contains(policy.ip->consumer))
                error(place_of(root_, {"policies", policy.name, "ip", "consumer"}),
                      missing_consumer(policy.ip->consumer));
        }
    }

    void check_uses() {
        for (std::size_t i = 0; i < configuration_.routes.size(); ++i) {
            RouteRule& route = configuration_.routes[i];
            const auto& names = route.policies;
            for (std::size_t k = 0; k < names.size(); ++k) {
                use(names, k, [&] { return place_of(root_, {"routes", i, "policies", k}); });
                const Policy* policy = find(names[k]);
                (policy == nullptr || policy->authenticates() ? route.authentication : route.limits)
                    .push_back(names[k]);
            }
        }
        for (std::size_t i = 0; i < configuration_.listeners.size(); ++i) {
            const auto& proxy = configuration_.listeners[i].forward_proxy;
            for (std::size_t k = 0; proxy && k < proxy->policies.size(); ++k)
                use_in_proxy(i, k, [&] { return place_of(root_, {"listeners", i, "forward_proxy", "policies", k}); });
        }
    }

    void use(const std::vector<std::string>& names, std::size_t at, const auto& place) {
        const std::string& name = names[at];
        if (name.empty()) return;  // reported when it was read
        if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(at), name) !=
            names.begin() + static_cast<std::ptrdiff_t>(at))
            error(place(), "policy '" + name + "' stands in this list already");
        if (!find(name)) {
            if (std::ranges::find(kBuiltIn, name) == kBuiltIn.end()) return error(place(), missing_policy(name));
            configuration_.policies.push_back(built_in(name));
        }
        if (find(name)->mtls && !asks_clients())
            error(place(), "policy '" + name + "' needs a listener with tls.client_ca, and none has it");
    }

    /// Its callers come by one listener, so that is the one that has to ask for certificates.
    void use_in_proxy(std::size_t listener, std::size_t at, const auto& place) {
        const auto& [tls, policies] = std::tie(configuration_.listeners[listener].tls,
                                               configuration_.listeners[listener].forward_proxy->policies);
        use(policies, at, place);
        const Policy* policy = find(policies[at]);
        if (policy && !policy->authenticates())
            error(place(), "policy '" + policy->name + "' is a limit, and a forward proxy has ways to tell who calls");
        if (policy && policy->mtls && asks_clients() && (!tls || tls->client_ca.empty()))
            error(place(), "policy '" + policy->name + "' needs tls.client_ca at this listener");
    }

    bool asks_clients() const {
        return std::ranges::any_of(configuration_.listeners, [](const Listener& listener) {
            return listener.tls && !listener.tls->client_ca.empty();
        });
    }

    std::string missing_policy(const std::string& name) const {
        std::vector<std::string> known(kBuiltIn.begin(), kBuiltIn.end());
        for (const Policy& policy : configuration_.policies)
            if (std::ranges::find(known, policy.name) == known.end()) known.push_back(policy.name);
        return "there is no policy '" + name + "'" + yaml::did_you_mean(name, known) +
               " (policies: " + yaml::listing(known, 10) + ")";
    }

    std::string missing_consumer(const std::string& name) const {
        return missing("consumer", "consumers", name, consumers_);
    }

    static std::string missing(const std::string& one, const std::string& many, const std::string& name,
                               const std::set<std::string>& all) {
        const std::vector<std::string> known(all.begin(), all.end());
        return "there is no " + one + " '" + name + "'" + yaml::did_you_mean(name, known) +
               (known.empty() ? " (there are no " + many + ")" : " (" + many + ": " + yaml::listing(known, 10) + ")");
    }

    /// Something that may stand for one consumer only.
    void once(const std::string& what, const std::string& key, Place place) {
        const auto [first, is_new] = places_.emplace(what + key, place);
        if (!is_new) error(std::move(place), what + " is used twice; first at " + first->second.text());
    }

    void check_consumers() {
        for (std::size_t i = 0; i < configuration_.consumers.size(); ++i) {
            const Consumer& consumer = configuration_.consumers[i];
            if (consumer.name.empty()) continue;
            const auto place = [&](const char* list, std::size_t k) {
                return place_of(root_, {"consumers", i, list, k});
            };
            once("the consumer '" + consumer.name + "'" +
                     (consumer.environment.empty() ? " without environment" : " in " + consumer.environment),
                 "", place_of(root_, {"consumers", i, "name"}));
            for (std::size_t k = 0; k < consumer.api_keys.size(); ++k)
                if (consumer.api_keys[k].digest != Digest())
                    once("an API key", hex_encode(consumer.api_keys[k].digest), place("api_keys", k));
            for (std::size_t k = 0; k < consumer.logins.size(); ++k)
                if (!consumer.logins[k].user.empty())
                    once("the login '" + consumer.logins[k].user + "' with this password",
                         hex_encode(consumer.logins[k].password.digest), place("logins", k));
            for (std::size_t k = 0; k < consumer.certificates.size(); ++k) {
                const CertificateName& name = consumer.certificates[k];
                const std::string& text = !name.san.empty()       ? name.san
                                          : !name.subject.empty() ? name.subject
                                                                  : name.spki;
                if (!text.empty()) once("the certificate '" + text + "'", "", place("certificates", k));
            }
            for (std::size_t k = 0; k < consumer.addresses.size(); ++k)
                once("the block of addresses '" + consumer.addresses[k].text() + "'", "", place("addresses", k));
        }
    }

    void check_rules() {
        for (std::size_t i = 0; i < configuration_.routes.size(); ++i) {
            const RouteRule& route = configuration_.routes[i];
            for (std::size_t k = 0; route.access && k < route.access->size(); ++k)
                check((*route.access)[k], strangers_at(route.authentication),
                      [&](const char* key) { return place_of(root_, {"routes", i, "access", k, key}); });
        }
        for (std::size_t i = 0; i < configuration_.listeners.size(); ++i) {
            const auto& proxy = configuration_.listeners[i].forward_proxy;
            for (std::size_t k = 0; proxy && proxy->access && k < proxy->access->size(); ++k)
                check((*proxy->access)[k], strangers_at(proxy->policies), [&](const char* key) {
                    return place_of(root_, {"listeners", i, "forward_proxy", "access", k, key});
                });
        }
        const bool strangers = std::ranges::any_of(configuration_.policies, names_strangers);
        const auto all_of = [&](const auto& map, const char* kind) {
            for (const auto& [name, rules] : map)
                for (std::size_t k = 0; k < rules.size(); ++k)
                    check(rules[k], strangers,
                          [&](const char* key) { return place_of(root_, {"access", kind, name, k, key}); });
        };
        all_of(configuration_.access.services, "services");
        all_of(configuration_.access.tunnels, "tunnels");
    }

    /// A route without policies of its own has its callers from routes that lead to it.
    bool strangers_at(const std::vector<std::string>& policies) const {
        if (policies.empty()) return std::ranges::any_of(configuration_.policies, names_strangers);
        return std::ranges::any_of(policies, [&](const std::string& name) {
            const Policy* policy = find(name);
            return policy == nullptr || names_strangers(*policy);
        });
    }

    void check(const access::Rule& rule, bool strangers, const auto& place) {
        if (strangers) return;
        if (!rule.consumer.empty() && rule.consumer != "*" && rule.consumer != access::kAnonymous &&
            !consumers_.contains(rule.consumer))
            error(place("consumer"), missing_consumer(rule.consumer));
        if (!rule.project.empty() && !projects_.contains(rule.project))
            error(place("project"), missing("project", "projects", rule.project, projects_));
    }

    const Node& root_;
    Configuration& configuration_;
    Diagnostics& diagnostics_;
    std::set<std::string> consumers_;
    std::set<std::string> projects_;
    std::unordered_map<std::string, Place> places_;
};

}  // namespace

void check_trust(const Node& root, Configuration& configuration, Diagnostics& diagnostics) {
    Trust(root, configuration, diagnostics).check();
}

}  // namespace adit::config
