// A caller's credentials beside the policies that ask for them; see explanation_policies.h.
#include "connector/cli/explanation_policies.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/time.h"

namespace adit::cli {
namespace {

namespace json = boost::json;
using config::Consumer;

using config::Policy;

struct Verdict {
    bool accepts = false;
    std::string reason;
};

std::string count(std::size_t number, std::string_view one) {
    return std::to_string(number) + ' ' + std::string(one) + (number == 1 ? "" : "s");
}

const char* kind_of(const Policy& policy) {
    return policy.api_key      ? "api_key"
           : policy.basic      ? "basic"
           : policy.mtls       ? "mtls"
           : policy.ip         ? "ip"
           : policy.jwt        ? "jwt"
           : policy.rate_limit ? "rate_limit"
           : policy.bulkhead   ? "bulkhead"
                               : "anonymous";
}

/// What a caller has to show.
std::string asked_for(const Policy& policy) {
    if (policy.api_key) {
        return policy.api_key->query.empty() ? "a key in the field " + policy.api_key->header
                                             : "a key in the parameter " + policy.api_key->query;
    }
    if (policy.jwt) {
        return "a token of " + policy.jwt->issuer + " in the field " + policy.jwt->header;
    }
    return policy.basic  ? "user and password"
           : policy.mtls ? "a client certificate"
           : policy.ip   ? "an address of its list"
                         : "nothing";
}

Verdict of_credentials(std::size_t number, std::string_view what) {
    return {number > 0,
            number > 0 ? "the consumer has " + count(number, what) : "the consumer has no " + std::string(what)};
}

template <class Secrets>
std::size_t unexpired(const Secrets& secrets) {
    const WallTime now = std::chrono::system_clock::now();
    return static_cast<std::size_t>(
        std::ranges::count_if(secrets, [&](const auto& one) { return !one.expires || *one.expires > now; }));
}

/// Whether the policy would know this caller by what the file says of him.
Verdict verdict_on(const Policy& policy, const access::Caller& caller, const Consumer* consumer) {
    if (policy.anonymous) {
        return {true, "lets anybody in, as " + std::string(access::kAnonymous)};
    }
    if (policy.ip && !policy.ip->consumer.empty()) {
        const bool same = policy.ip->consumer == caller.consumer;
        return {same, "its addresses are consumer " + policy.ip->consumer};
    }
    if (policy.jwt && (consumer == nullptr || consumer->tokens.empty())) {
        return {!policy.jwt->listed_only, policy.jwt->listed_only
                                              ? "only listed tokens are taken, and the consumer lists none"
                                              : "a token whose " + policy.jwt->consumer_claim + " is the name"};
    }
    if (policy.mtls && (consumer == nullptr || consumer->certificates.empty())) {
        const bool open = policy.mtls->unlisted != config::MtlsPolicy::Unlisted::refuse;
        return {open, open ? "a certificate that has the name" : "the consumer lists no certificate"};
    }
    if (consumer == nullptr) {
        return {false, "the file has no such consumer"};
    }
    if (policy.jwt) {
        const auto fits = [&](const config::TokenName& token) { return token.issuer == policy.jwt->issuer; };
        return of_credentials(static_cast<std::size_t>(std::ranges::count_if(consumer->tokens, fits)),
                              "token of that issuer");
    }
    return policy.api_key ? of_credentials(unexpired(consumer->api_keys), "key")
           : policy.basic ? of_credentials(consumer->logins.size(), "login")
           : policy.mtls  ? of_credentials(consumer->certificates.size(), "certificate")
                          : of_credentials(consumer->addresses.size(), "address block");
}

/// What tells callers apart.
std::string by_of(const config::RateLimit::Key& key) {
    using Of = config::RateLimit::Key::Of;
    switch (key.of) {
        case Of::consumer:
            return "consumer";
        case Of::client_ip:
            return "client_ip";
        case Of::api_key:
            return "api_key";
        case Of::header:
            return "header " + key.name;
        case Of::claim:
            return "claim " + key.name;
        case Of::route:
            return "route";
        case Of::all:
            return "all";
    }
    return {};
}

std::string in_words(const config::RateWindows& windows) {
    std::string all;
    for (const config::RateWindow& window : windows) {
        all.append(all.empty() ? "" : " and ").append(std::to_string(window.requests));
        all.append(" in ").append(format_duration(window.per));
        if (window.burst > 0) {
            all.append(", ").append(std::to_string(window.burst)).append(" at once");
        }
    }
    return all.empty() ? "no limit" : all;
}

/// Which limits count for this caller; without one, for those of no tier.
json::object counts(const config::RateLimit& limit, const Consumer* consumer) {
    const config::RateWindows* windows = &limit.limits;
    std::string tier;
    if (consumer != nullptr && !limit.tier.empty()) {
        const auto attribute = consumer->attributes.find(limit.tier);
        const auto found =
            attribute == consumer->attributes.end() ? limit.tiers.end() : limit.tiers.find(attribute->second);
        if (found != limit.tiers.end()) {
            tier = found->first;
            windows = &found->second;
        }
    }
    const std::string by = by_of(limit.by);
    return {{"verdict", limit.dry_run ? "only counts" : "counts"},
            {"by", by},
            {"tier", tier.empty() ? json::value(nullptr) : json::value(tier)},
            {"reason", "by " + by + ": " + in_words(*windows) + (tier.empty() ? "" : " (tier " + tier + ")")}};
}

json::object counts(const config::BulkheadPolicy& policy) {
    using Per = config::BulkheadPolicy::Per;
    const std::string by = policy.per == Per::consumer    ? "consumer"
                           : policy.per == Per::client_ip ? "client_ip"
                                                          : "route";
    return {{"verdict", "counts"},
            {"by", by},
            {"reason", "by " + by + ": " + std::to_string(policy.bulkhead.concurrent) + " at once, " +
                           std::to_string(policy.bulkhead.queue) + " wait for up to " +
                           format_duration(policy.bulkhead.queue_timeout)}};
}

const Consumer* find_consumer(const config::Configuration& configuration, const access::Caller& caller) {
    for (const Consumer& one : configuration.consumers) {
        if (one.name == caller.consumer && one.environment == caller.environment) {
            return &one;
        }
    }
    return nullptr;
}

}  // namespace

json::array policies_of(const config::Configuration& configuration, const config::RouteRule& rule,
                        const std::optional<access::Caller>& caller) {
    const Consumer* consumer = caller ? find_consumer(configuration, *caller) : nullptr;
    json::array rows;
    for (const std::string& name : rule.policies) {
        const Policy* policy = configuration.policy(name);
        if (policy == nullptr) {
            continue;
        }
        json::object row{{"policy", name}, {"kind", kind_of(*policy)}};
        if (!policy->authenticates()) {
            const json::object counted =
                policy->rate_limit ? counts(*policy->rate_limit, consumer) : counts(*policy->bulkhead);
            row.insert(counted.begin(), counted.end());
        } else if (caller) {
            const Verdict verdict = verdict_on(*policy, *caller, consumer);
            row["verdict"] = verdict.accepts ? "accepts" : "refuses";
            row["reason"] = verdict.reason;
        } else {
            row["verdict"] = "asks";
            row["reason"] = asked_for(*policy);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<std::pair<std::string, std::string>> lines_of_policies(const json::array& policies) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const json::value& one : policies) {
        const json::object& row = one.as_object();
        const auto text = [&](const char* name) { return std::string(row.at(name).as_string()); };
        lines.emplace_back("policy", text("policy") + ": " + text("verdict") + ", " + text("reason"));
    }
    return lines;
}

}  // namespace adit::cli
