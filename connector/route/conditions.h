// What a route asks of a request beyond its host and path: method, header fields, parameters of the query.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connector/config/config.h"
#include "connector/http/message.h"

namespace adit::route {

/// Pure; made once per route.
class Conditions {
  public:
    explicit Conditions(const config::Match& match);

    /// How many there are: of routes of one path, those that ask more are tried first.
    std::size_t count() const { return (methods_.empty() ? 0 : 1) + headers_.size() + parameters_.size(); }
    /// Every header field and parameter must be there with its value, or with any where "*" was written; of several of
    /// one name one is enough. Values are compared as they stand. Does not allocate.
    bool met_by(const http::RequestHead& request) const;

  private:
    using Pairs = std::vector<std::pair<std::string, std::string>>;

    std::vector<std::string> methods_;
    Pairs headers_;
    Pairs parameters_;
};

}  // namespace adit::route
