// The documents of our issuers, served below their URLs before any route is asked.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/task.h"
#include "connector/admin/metrics.h"
#include "connector/credential/issuer.h"
#include "connector/http/exchange.h"

namespace adit::policy {

/// Immutable, shared by all workers. Nobody has to authenticate for these documents: verifiers have no credential here.
class WellKnown {
  public:
    struct Site {
        std::string name;       ///< in access lines: "issuer NAME"
        std::string authority;  ///< as in its URL, without a default port
        std::string base_path;
        bool by_host = false;  ///< its path alone does not say whose it is
        std::shared_ptr<const credential::Issuer> issuer;
        std::shared_ptr<RouteMetrics> metrics;
    };
    /// `metrics` gives what a site counts, by its name.
    WellKnown(const credential::Issuers& issuers, ConnectorMetrics& metrics);

    /// Whose document is asked for; null: nobody's.
    const Site* find(std::string_view authority, std::string_view path) const;
    /// Answers a request that find() has found.
    static net::Task<> answer(http::Exchange& exchange, const Site& site);

  private:
    std::vector<Site> sites_;
};

}  // namespace adit::policy
