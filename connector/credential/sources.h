// What all sources of tokens are made with.
#pragma once

#include "connector/credential/issuer.h"
#include "connector/credential/provider.h"
#include "connector/fetch/desk.h"
#include "connector/fetch/keeper.h"
#include "connector/fetch/tries.h"

namespace adit::credential {

/// Each source is a function that gives a Fetch; it reads files and may fail, the Fetch asks providers.
struct Sources {
    fetch::Desk& desk;  ///< outlives what is made
    const Issuers& issuers;
    std::string gateway = {};  ///< tells this connector from others in tokens of its own
};

/// A Fetch of a source that lives as long: `once` is one try, of at most `each`.
template <class Source>
fetch::Fetch with_tries(fetch::Desk& desk, std::shared_ptr<const Source> source,
                        net::Task<fetch::Made> (*once)(std::shared_ptr<const Source>, net::Time),
                        std::chrono::milliseconds each) {
    return [&desk, source = std::move(source), once, each](net::Time deadline) {
        return fetch::with_tries(
            desk.loop(), [source, once](net::Time until) { return once(source, until); }, each, deadline);
    };
}

inline config::Endpoint https(std::string host, std::string path) {
    config::Endpoint url;
    url.scheme = config::Endpoint::Scheme::https;
    url.host = std::move(host);
    url.port = 443;
    url.base_path = std::move(path);
    return url;
}

/// An endpoint that is written without a path has the provider's usual one.
inline config::TokenEndpoint with_path(config::TokenEndpoint endpoint, const config::Endpoint& usual) {
    if (endpoint.url && endpoint.url->base_path.empty()) {
        endpoint.url->base_path = usual.base_path;
    }
    return endpoint;
}

}  // namespace adit::credential
