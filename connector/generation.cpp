// Making a generation out of a configuration and the one before; see generation.h.
#include "connector/generation.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "common/log/log.h"
#include "connector/config/check.h"
#include "connector/credential/make.h"
#include "connector/generation_circuits.h"
#include "connector/generation_degrading.h"
#include "connector/generation_resilience.h"
#include "connector/generation_trust.h"

namespace adit {
namespace {

/// The context of that mark among those made or kept already, else a new one.
template <class Make>
Result<MarkedContext> find_or_make(Mark mark, const std::vector<MarkedContext>& made,
                                   const std::vector<MarkedContext>* previous, Make make) {
    for (const auto* list : {&made, previous}) {
        if (list == nullptr) {
            continue;
        }
        for (const MarkedContext& one : *list) {
            if (mark && one.context && one.mark == mark) {
                return one;
            }
        }
    }
    Result<tls::Context> context = make();
    if (!context) {
        return std::unexpected(std::move(context.error()));
    }
    return MarkedContext{mark, std::make_shared<const tls::Context>(std::move(*context))};
}

/// The ring of the listener's tickets, which goes on under the same interval; null: it has none.
std::shared_ptr<tls::TicketRing> ring_of(const config::Listener& listener, const Generation* previous) {
    const auto interval = listener.tls->ticket_interval;
    for (std::size_t i = 0; previous != nullptr && i < previous->configuration.listeners.size(); ++i) {
        const auto& ring = previous->ticket_rings[i];
        if (previous->configuration.listeners[i].name == listener.name && ring && ring->interval() == interval) {
            return ring;
        }
    }
    return interval.count() == 0 ? nullptr : std::make_shared<tls::TicketRing>(interval);
}

Result<MarkedContext> find_or_make_listener(const Generation& made, const config::Listener& listener,
                                            const Generation* previous) {
    const config::ListenerTls& from = *listener.tls;
    std::vector<tls::Context::Files> files;
    std::vector<std::filesystem::path> names{from.client_ca, from.client_crl};
    for (const config::Certificate& one : from.all()) {
        files.push_back({one.certificate, one.key, one.ocsp_response});
        names.insert(names.end(), {one.certificate, one.key, one.ocsp_response});
    }
    const bool newest = from.min_version == config::ListenerTls::Version::tls13;
    const auto lowest = newest ? tls::Context::Version::tls13 : tls::Context::Version::tls12;
    const auto protocols = listener.http2 ? tls::Alpn::http2_or_http1 : tls::Alpn::http1;
    const tls::ClientCheck clients{.ca = from.client_ca,
                                   .crl = from.client_crl,
                                   .required = from.client_certificate_required,
                                   .crl_of_all = from.client_crl_of_all};
    const auto& ring = made.ticket_rings.back();
    // A ring belongs to one listener, and so does a context.
    const std::string mark = listener.name + (newest ? " 1.3" : " 1.2") + (listener.http2 ? " h2" : "") +
                             (clients.required ? " required" : "") + (clients.crl_of_all ? " chain" : "") + " " +
                             std::to_string(ring ? ring->interval().count() : 0);
    return find_or_make(mark_of(names, mark), made.listener_tls,
                        previous == nullptr ? nullptr : &previous->listener_tls,
                        [&] { return tls::Context::listener(files, lowest, protocols, clients, ring); });
}

Result<> make_listeners(Generation& made, ConnectorMetrics& metrics, const Generation* previous) {
    for (const config::Listener& listener : made.configuration.listeners) {
        std::shared_ptr<ListenerMetrics> counted;
        for (std::size_t i = 0; previous != nullptr && i < previous->configuration.listeners.size(); ++i) {
            if (previous->configuration.listeners[i].name == listener.name) {
                counted = previous->listener_metrics[i];
            }
        }
        made.listener_metrics.push_back(counted ? counted : metrics.listener(listener.name));
        if (!listener.tls) {
            made.listener_tls.emplace_back();
            made.ticket_rings.emplace_back();
            continue;
        }
        made.ticket_rings.push_back(ring_of(listener, previous));
        auto context = find_or_make_listener(made, listener, previous);
        if (!context) {
            return std::unexpected(std::move(context.error()));
        }
        made.listener_tls.push_back(std::move(*context));
    }
    return {};
}

/// The one of before, where nothing about it has changed: connections to it go on.
Result<> make_state(Generation& made, const Generation* previous) {
    if (!made.configuration.state) {
        return {};
    }
    const config::State& of = *made.configuration.state;
    if (of.server.tls) {
        const std::vector<MarkedContext> before{previous == nullptr ? MarkedContext() : previous->state_tls};
        auto context = find_or_make(mark_of({of.ca}), {}, &before, [&] { return tls::Context::origin(of.ca, {}, {}); });
        if (!context) {
            return std::unexpected(std::move(context.error()).with("state"));
        }
        made.state_tls = std::move(*context);
    }
    const bool same = previous != nullptr && previous->state && previous->state->of == of &&
                      previous->state->tls == made.state_tls.context;
    made.state =
        same ? previous->state : std::make_shared<const state::Settings>(state::Settings{of, made.state_tls.context});
    return {};
}

/// Those of a backend that has not changed go on: its endpoints do, too.
backend::Reaches reaches_of(const config::Backend& backend, const Generation* previous) {
    for (std::size_t i = 0; previous != nullptr && i < previous->configuration.backends.size(); ++i) {
        if (previous->configuration.backends[i] == backend) {
            return previous->reaches[i];
        }
    }
    backend::Reaches fresh(backend.endpoints.size());
    std::ranges::generate(fresh, [] { return std::make_shared<backend::Reach>(); });
    return fresh;
}

/// The system's CAs are read once for all backends that name no others.
Result<> make_backends(Generation& made, ConnectorMetrics& metrics, const Generation* previous) {
    std::unordered_map<std::string_view, std::size_t> known;
    for (std::size_t i = 0; previous != nullptr && i < previous->configuration.backends.size(); ++i) {
        known.emplace(previous->configuration.backends[i].name, i);
    }
    for (const config::Backend& backend : made.configuration.backends) {
        made.backend_metrics.push_back(metrics.backend(backend.name));
        made.reaches.push_back(reaches_of(backend, previous));
        const config::OriginTls& files = backend.tls;
        const auto suites = files.any_cipher ? tls::Suites::any : tls::Suites::aead;
        auto context = find_or_make(mark_of({files.ca, files.certificate, files.key}, files.any_cipher ? "any" : ""),
                                    made.origin_tls, previous == nullptr ? nullptr : &previous->origin_tls, [&] {
                                        return tls::Context::origin(files.ca, files.certificate, files.key, suites);
                                    });
        if (!context) {
            return std::unexpected(std::move(context.error()));
        }
        const auto found = known.find(backend.name);
        const bool same = found != known.end() && previous->configuration.backends[found->second] == backend &&
                          previous->origin_tls[found->second].context == context->context &&
                          previous->credentials[found->second].all == made.credentials[made.origin_tls.size()].all;
        made.same_before.push_back(same ? std::optional(found->second) : std::nullopt);
        made.origin_tls.push_back(std::move(*context));
    }
    return {};
}

/// What the route's mirror to the same backend counts already, so that the copies in flight stay bounded.
std::shared_ptr<MirrorMetrics> kept_mirror(const config::RouteRule& rule, const Generation* previous,
                                           const std::unordered_map<std::string_view, std::size_t>& previous_routes) {
    const auto found = previous_routes.find(rule.name);
    if (found == previous_routes.end()) {
        return nullptr;
    }
    const auto& before = previous->configuration.routes[found->second].mirror;
    return before && before->backend == rule.mirror->backend ? previous->routes->mirrors[found->second] : nullptr;
}

Result<std::shared_ptr<const policy::Routes>> make_routes(Generation& made, const Generation::Means& means,
                                                          const Generation* previous, Authenticators& authenticators) {
    ConnectorMetrics& metrics = means.metrics;
    auto routes = std::make_shared<policy::Routes>(made.configuration.routes);
    std::unordered_map<std::string_view, std::size_t> known;
    for (std::size_t i = 0; previous != nullptr && i < previous->configuration.routes.size(); ++i) {
        known.emplace(previous->configuration.routes[i].name, i);
    }
    for (const config::RouteRule& rule : made.configuration.routes) {
        routes->metrics.push_back(metrics.route(rule.name));
        const auto before = known.find(rule.name);
        make_retry_terms(rule, routes->terms.emplace_back(policy::RouteTerms::of(rule)),
                         before == known.end() ? nullptr : &previous->routes->terms[before->second]);
        policy::RouteTerms& terms = routes->terms.back();
        terms.circuit = make_circuit(made, rule, means.fabric);
        terms.bulkhead = made.limits.bulkhead("route", rule.name);
        terms.limits = made.limits.of(rule);
        const auto& policies = routes->policies.emplace_back(policy::RoutePolicies::make(rule));
        routes->cors = routes->cors || (policies != nullptr && policies->cors);
        auto& shares = routes->shares.emplace_back();
        for (const config::SplitShare& share : rule.split) {
            shares.push_back(metrics.share(rule.name, share.backend));
        }
        auto& mirror = routes->mirrors.emplace_back();
        if (rule.mirror) {
            mirror = kept_mirror(rule, previous, known);
            mirror = mirror ? mirror : metrics.mirror(rule.name, rule.mirror->backend);
        }
    }
    routes->unrouted = metrics.route("none");
    if (made.configuration.chain) {
        routes->chain.emplace(made.configuration.chain->key.copy());
    }
    routes->degrading = make_degrading(made, *routes, means);
    if (!made.issuers.empty()) {
        routes->well_known = std::make_unique<const policy::WellKnown>(made.issuers, metrics);
    }
    if (auto entrances = make_entrances(made, *routes, authenticators); !entrances) {
        return std::unexpected(std::move(entrances.error()));
    }
    return routes;
}

}  // namespace

Result<std::shared_ptr<const Generation>> Generation::make(config::Configuration configuration, const Means& means,
                                                           const Generation* previous) {
    ConnectorMetrics& metrics = means.metrics;
    auto made = std::make_shared<Generation>();
    made->configuration = std::move(configuration);
    made->held_budget = previous != nullptr ? previous->held_budget
                                            : std::make_shared<backend::HeldBudget>(config::defaults::held_bytes);
    if (auto issuers = make_issuers(*made, means.upkeep, previous); !issuers) {
        return std::unexpected(std::move(issuers.error()));
    }
    Authenticators authenticators(*made, means, previous);
    made->limits =
        make_limits(made->configuration, metrics, means.fabric, previous == nullptr ? nullptr : &previous->limits);
    auto routes = make_routes(*made, means, previous, authenticators);
    if (!routes) {
        return std::unexpected(std::move(routes.error()));
    }
    made->routes = std::move(*routes);
    if (auto proxies = make_proxies(*made, metrics, authenticators); !proxies) {
        return std::unexpected(std::move(proxies.error()));
    }
    made->authenticators = authenticators.all();
    if (auto listeners = make_listeners(*made, metrics, previous); !listeners) {
        return std::unexpected(std::move(listeners.error()));
    }
    if (auto credentials = make_credentials(*made, means, previous); !credentials) {
        return std::unexpected(std::move(credentials.error()));
    }
    if (auto state = make_state(*made, previous); !state) {
        return std::unexpected(std::move(state.error()));
    }
    make_guards(*made, means, previous);
    auto webhooks = event::plan_webhooks(made->configuration.webhooks, means.desk);
    if (!webhooks) {
        return std::unexpected(std::move(webhooks.error()));
    }
    made->webhooks = std::move(*webhooks);
    if (auto backends = make_backends(*made, metrics, previous); !backends) {
        return std::unexpected(std::move(backends.error()));
    }
    return made;
}

void tell_notices(const config::Configuration& configuration) {
    for (const std::string& notice : config::notices(configuration)) {
        logging::warn(notice);
    }
}

std::shared_ptr<const policy::Authenticator> Generation::authenticator(const std::string& name) const {
    const auto found = authenticators.find(name);
    return found == authenticators.end() ? nullptr : found->second;
}

void Generation::prefetch() const {
    for (const MarkedCredentials& of_backend : credentials) {
        for (const auto& credential : of_backend.all) {
            credential->prefetch();
        }
    }
}

std::vector<std::filesystem::path> Generation::files() const {
    std::set<std::filesystem::path> all(configuration.files.begin(), configuration.files.end());
    for (const config::Listener& listener : configuration.listeners) {
        if (listener.tls) {
            for (const config::Certificate& one : listener.tls->all()) {
                all.insert({one.certificate, one.key, one.ocsp_response});
            }
            all.insert({listener.tls->client_ca, listener.tls->client_crl});
        }
    }
    if (configuration.admin && configuration.admin->tls) {
        const config::AdminTls& tls = *configuration.admin->tls;
        all.insert({tls.certificate, tls.key, tls.client_ca, tls.client_crl});
    }
    for (const config::LogSink& sink : configuration.log.sinks) {
        all.insert(sink.http ? sink.http->ca : std::filesystem::path());
    }
    for (const config::Webhook& webhook : configuration.webhooks) {
        all.insert(webhook.ca);
    }
    all.insert(configuration.state ? configuration.state->ca : std::filesystem::path());
    all.insert(configuration.tracing ? configuration.tracing->ca : std::filesystem::path());
    for (const config::Backend& backend : configuration.backends) {
        all.insert({backend.tls.ca, backend.tls.certificate, backend.tls.key});
        const auto of_credential = credential::files_of(backend.credential);
        all.insert(of_credential.begin(), of_credential.end());
    }
    all.erase(std::filesystem::path());
    return {all.begin(), all.end()};
}

}  // namespace adit
