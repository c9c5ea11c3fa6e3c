// Making authenticators, entrances, issuers and credentials; see generation_trust.h.
#include "connector/generation_trust.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "common/base/file.h"
#include "common/base/secret_scope.h"
#include "common/tls/key.h"
#include "connector/config/issuers.h"
#include "connector/credential/make.h"

namespace adit {
namespace {

/// Whether the issuers that a backend's credential names are the same objects in both. Others may come, go and change:
/// tokens that they have not signed are worth keeping.
bool has_same_issuers(const config::Backend& backend, const credential::Issuers& now,
                      const credential::Issuers& before) {
    return std::ranges::all_of(config::issuer_uses(backend), [&](const config::IssuerUse& use) {
        const auto here = now.find(use.issuer);
        const auto there = before.find(use.issuer);
        return here != now.end() && there != before.end() && here->second == there->second;
    });
}

}  // namespace

Mark mark_of(const std::vector<std::filesystem::path>& files, std::string all) {
    for (const std::filesystem::path& file : files) {
        all += file.string();
        all += '\0';
        if (file.empty()) {
            continue;
        }
        const SecretScope scope;  // a private key may be among them
        // With the bound that those have who use them: what they can take must not look the same whatever it says.
        const auto content = read_file(file);
        if (!content) {
            return std::nullopt;
        }
        const auto digest = tls::sha256({reinterpret_cast<const std::uint8_t*>(content->data()), content->size()});
        all.append(reinterpret_cast<const char*>(digest.data()), digest.size());
    }
    return std::hash<std::string>()(all);
}

Authenticators::Authenticators(const Generation& made, const Generation::Means& means, const Generation* previous)
    : made_(made),
      means_(means),
      previous_(previous),
      consumers_(std::make_shared<const policy::Consumers>(made.configuration.consumers)) {}

Result<policy::Authentication::Way> Authenticators::get(const std::string& name) {
    if (const auto known = ways_.find(name); known != ways_.end()) {
        return known->second;
    }
    const config::Policy* policy = made_.configuration.policy(name);
    const auto before = previous_ == nullptr ? nullptr : previous_->authenticator(name);
    auto by = policy::make_authenticator(*policy, {.consumers = consumers_, .desk = &means_.desk, .before = before});
    if (!by) {
        return std::unexpected(std::move(by.error()));
    }
    return ways_.emplace(name, policy::Authentication::Way{std::move(*by), means_.metrics.authentication(name)})
        .first->second;
}

Result<std::optional<policy::Authentication>> Authenticators::chain(const std::vector<std::string>& names) {
    std::vector<policy::Authentication::Way> ways;
    for (const std::string& name : names) {
        auto way = get(name);
        if (!way) {
            return std::unexpected(std::move(way.error()));
        }
        ways.push_back(std::move(*way));
    }
    return ways.empty() ? std::nullopt : std::optional<policy::Authentication>(std::move(ways));
}

std::map<std::string, std::shared_ptr<const policy::Authenticator>> Authenticators::all() const {
    std::map<std::string, std::shared_ptr<const policy::Authenticator>> all;
    for (const auto& [name, way] : ways_) {
        all.emplace(name, way.by);
    }
    return all;
}

Result<> make_entrances(const Generation& made, policy::Routes& routes, Authenticators& authenticators) {
    if (!made.configuration.enforces_access) {
        return {};
    }
    routes.enforces = true;
    routes.access = made.configuration.access;
    for (const config::RouteRule& rule : made.configuration.routes) {
        auto authentication = authenticators.chain(rule.authentication);
        if (!authentication) {
            return std::unexpected(std::move(authentication.error()));
        }
        routes.entrances.push_back(std::make_unique<const policy::Entrance>(
            rule.name, std::move(*authentication), rule.access ? &*rule.access : nullptr, rule.redirect || rule.fixed));
    }
    return {};
}

Result<> make_issuers(Generation& made, credential::Issuer::Upkeep upkeep, const Generation* previous) {
    for (const config::Issuer& settings : made.configuration.issuers) {
        if (previous != nullptr) {
            const auto before = previous->issuers.find(settings.name);
            if (before != previous->issuers.end() && before->second->settings() == settings) {
                made.issuers.insert(*before);
                continue;
            }
        }
        auto issuer = credential::Issuer::open(settings, std::chrono::system_clock::now(), upkeep);
        if (!issuer) {
            return std::unexpected(std::move(issuer.error()));
        }
        made.issuers.emplace(settings.name, std::move(*issuer));
    }
    return {};
}

Result<> make_proxies(Generation& made, ConnectorMetrics& metrics, Authenticators& authenticators) {
    const auto access = std::make_shared<const config::Access>(made.configuration.access);
    for (const config::Listener& listener : made.configuration.listeners) {
        auto& terms = made.proxies.emplace_back();
        if (!listener.forward_proxy) {
            continue;
        }
        const config::ForwardProxy& from = *listener.forward_proxy;
        auto authentication = authenticators.chain(from.policies);
        if (!authentication) {
            return std::unexpected(std::move(authentication.error()));
        }
        terms = std::make_shared<const proxy::Terms>(std::move(*authentication), from.access, access, from.timeouts,
                                                     from.idle_timeout, metrics.route(std::string(proxy::kRoute)));
    }
    return {};
}

Result<> make_credentials(Generation& made, const Generation::Means& means, const Generation* previous) {
    const credential::Sources sources{means.desk, made.issuers, means.gateway};
    std::unordered_map<std::string_view, std::size_t> known;
    if (previous != nullptr) {
        for (std::size_t i = 0; i < previous->configuration.backends.size(); ++i) {
            known.emplace(previous->configuration.backends[i].name, i);
        }
    }
    for (const config::Backend& backend : made.configuration.backends) {
        const Mark mark = mark_of(credential::files_of(backend.credential));
        if (const auto found = known.find(backend.name);
            mark && found != known.end() && previous->credentials[found->second].mark == mark &&
            previous->configuration.backends[found->second].credential == backend.credential &&
            has_same_issuers(backend, made.issuers, previous->issuers)) {
            made.credentials.push_back(previous->credentials[found->second]);
            continue;
        }
        auto fresh = credential::make_credentials(backend, sources, &means.metrics);
        if (!fresh) {
            return std::unexpected(std::move(fresh.error()));
        }
        made.credentials.push_back({mark, std::move(*fresh)});
    }
    return {};
}

}  // namespace adit
