// How the parts of an explanation stand now, as a running connector says at its admin address.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <utility>
#include <vector>

#include "connector/config/config.h"

namespace adit::cli {

/// What was told, or why nothing was.
struct Live {
    boost::json::object status;  ///< as `status --output json`; empty: nobody was reached
    std::string why;             ///< why nothing is known; empty when something is

    /// Asks the connector of this configuration; blocks for at most two seconds.
    static Live ask(const config::Configuration& configuration);
    bool running() const { return why.empty(); }
    /// The rows of its status about a backend and a route's way to it: the backend's own with its endpoints and
    /// credentials (never their values), circuits and bulkheads. Empty where nothing is known.
    boost::json::object about(const std::string& route, const config::Backend& backend,
                              const boost::json::object& terms) const;
    /// Of the connector as a whole: {"running","reason"} or {"running","instance","ready","resources","degrade"}.
    boost::json::object standing() const;
};

/// For people: what about() and standing() found, a line a row.
std::vector<std::pair<std::string, std::string>> lines_of_live(const boost::json::object& about);
std::vector<std::pair<std::string, std::string>> lines_of_standing(const boost::json::object& standing);

}  // namespace adit::cli
