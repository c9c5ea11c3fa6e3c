// Rules that say who may use something. Pure; everything that nobody allows is denied.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/access/caller.h"

namespace adit::access {

/// Allows a consumer, or all consumers of a project, in some environments.
struct Rule {
    std::string consumer = {};  ///< "*" is anybody but anonymous callers; empty where `project` is given
    std::string project = {};   ///< instead of `consumer`; as `configurations` of services name it
    std::vector<std::string> environments = {};  ///< "*" is any; none: nobody

    bool allows(const Caller& caller) const;
    /// For people: "consumer storefront in production".
    std::string text() const;
    friend bool operator==(const Rule&, const Rule&) = default;
};

/// The rules of one route, tunnel or service; the first that allows decides.
using Rules = std::vector<Rule>;

/// What came of looking: whether, and by which rule of what, in words for people.
struct Verdict {
    bool allowed = false;
    std::string reason;  ///< "route payments allows consumer storefront in production"; may be left out where allowed
};

/// What a request is about to use. Views live for the time of the call; null rules: it has none.
struct Target {
    std::string_view route;
    const Rules* route_rules = nullptr;
    bool route_is_anonymous = false;  ///< its policies say `anonymous`: that is the route's rule for such callers
    std::string_view service = {};    ///< empty on a direct way
    const Rules* service_rules = nullptr;
    const Rules* service_rules_here =
        nullptr;  ///< of the connector's configuration, besides those of the tunnel's file
    std::string_view tunnel = {};
    const Rules* tunnel_rules = nullptr;
};

/// Why somebody is allowed is for people who ask; it is not put together for each request.
enum class Words { all, of_denials };

/// Every hop that has rules must allow the caller, and one must have some: the route for a direct endpoint or an
/// answer of its own, the service or its tunnel for a service.
Verdict decide(const Caller& caller, const Target& target, Words words = Words::all);

}  // namespace adit::access
