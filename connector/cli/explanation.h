// What becomes of a request, told without sending one: `adit-connector explain`.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "connector/config/config.h"
#include "connector/route/router.h"

namespace adit::cli {

/// The way of a request that takes route `found` with this host and normalised path: what the route answers, or its
/// backends with their endpoints, those of a split with their weights; "inner" tells the same of a route that
/// internal:// leads to.
boost::json::object explanation(const config::Configuration& configuration, const route::Router& router,
                                const route::Route& found, std::string_view host, std::string_view path);

/// On standard output, for people.
void print_explanation(const boost::json::object& told);

}  // namespace adit::cli
