// Who may come in by a route: authentication, then the route's own rules.
#pragma once

#include <forward_list>
#include <optional>
#include <string>

#include "connector/http/exchange.h"
#include "connector/policy/authentication.h"
#include "connector/route/passage.h"

namespace adit::policy {

/// The fields that tell an origin who calls. Nobody else can write them (http::Known::identity).
inline constexpr std::string_view kConsumerField = "x-adit-consumer";
inline constexpr std::string_view kEnvironmentField = "x-adit-environment";

/// What is known of one request's caller, from route to route on its way. Outlives the request's use.
struct Admission {
    route::Passage passage;
    std::forward_list<std::string> queries;  ///< behind the request's query, where a credential was taken out of it
    std::string denied;                      ///< why the route did not let him in, in the words of its rules
};

/// Of one route or forward proxy, where the configuration enforces who may call. Compiled once, then only read by all
/// workers.
class Entrance {
  public:
    /// `role`: a proxy's callers prove who they are to the proxy, in fields of its own, and get 407 where a route says
    /// 401. `authentication`: of the route's policies; nothing: it has none, so that it lets in only whom another route
    /// has sent. `rules`: null where the route has none. `answers`: the route answers itself, so its rules are all
    /// there are.
    Entrance(std::string_view route, std::optional<Authentication> authentication, const access::Rules* rules,
             bool answers, http::Role role = http::Role::gateway)
        : route_(route), authentication_(std::move(authentication)), rules_(rules), answers_(answers), role_(role) {}

    /// Finds out who calls and whether he may come this way; marks what he showed, and tells the origin who he is. A
    /// failure is 401 or 407, with the exchange's challenges, or 403.
    net::Task<std::optional<problem::Failure>> admit(http::Exchange& exchange, Admission& admission) const;

  private:
    void take_in(http::RequestHead& request, const Visit& visit, Inquiry inquiry, Admission& admission) const;
    problem::Failure refusal(problem::Failure failure, http::Exchange& exchange) const;
    std::optional<problem::Failure> apply_rules(Admission& admission) const;

    const std::string_view route_;
    const std::optional<Authentication> authentication_;
    const access::Rules* const rules_;
    const bool answers_;
    const http::Role role_;
};

}  // namespace adit::policy
