// Where a route leads.
#pragma once

#include <cstddef>
#include <string>

#include "connector/route/path_tree.h"

namespace adit::route {

/// A backend, or another route of the same router.
struct Destination {
    std::string backend;            ///< empty when the route splits or answers itself
    std::size_t backend_index = 0;  ///< into Configuration::backends
    RouteIndex inner = no_route;    ///< the route that goes on, where the backend is internal://ROUTE
};

}  // namespace adit::route
