// What becomes of a request, told without sending one: `adit-connector explain`.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

#include "connector/access/caller.h"
#include "connector/cli/explanation_live.h"
#include "connector/config/config.h"
#include "connector/route/router.h"
#include "connector/store/record.h"

namespace adit::cli {

/// What is explained, and by what is known beside the file.
struct Question {
    std::string_view host;
    std::string_view path;                 ///< normalised
    std::optional<access::Caller> caller;  ///< who asks; nothing: anybody
    std::vector<TunnelRecord> tunnels;     ///< whose services have rules of their own
    Live live;
};

/// The way of a request that takes route `found`: what the route answers, or its backends with their endpoints, those
/// of a split with their weights; "inner" tells the same of a route that internal:// leads to. Each route has its
/// policies with their verdicts on the caller, priority and cost; each backend what counts there ("terms", see
/// explanation_terms.h) and how it stands now ("live", see explanation_live.h). Of the route that the request meets
/// first also "caller" with what access rules say of him, and "standing" of the connector.
boost::json::object explanation(const config::Configuration& configuration, const route::Router& router,
                                const route::Route& found, const Question& question);

/// On standard output, for people.
void print_explanation(const boost::json::object& told);

}  // namespace adit::cli
