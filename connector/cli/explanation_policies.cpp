// A caller's credentials beside the policies that ask for them; see explanation_policies.h.
#include "connector/cli/explanation_policies.h"

#include <algorithm>
#include <boost/json.hpp>

namespace adit::cli {
namespace {

namespace json = boost::json;
using config::Consumer;

using Policy = config::AuthenticationPolicy;

struct Verdict {
    bool accepts = false;
    std::string reason;
};

std::string count(std::size_t number, std::string_view one) {
    return std::to_string(number) + ' ' + std::string(one) + (number == 1 ? "" : "s");
}

const char* kind_of(const Policy& policy) {
    return policy.api_key     ? "api_key"
           : policy.basic     ? "basic"
           : policy.mtls      ? "mtls"
           : policy.ip        ? "ip"
           : policy.jwt       ? "jwt"
           : policy.anonymous ? "anonymous"
                              : "none";
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
    json::array rows;
    for (const std::string& name : rule.policies) {
        const auto policy = std::ranges::find(configuration.policies, name, &Policy::name);
        if (policy == configuration.policies.end()) {
            continue;
        }
        json::object row{{"policy", name}, {"kind", kind_of(*policy)}};
        if (caller) {
            const Verdict verdict = verdict_on(*policy, *caller, find_consumer(configuration, *caller));
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
