// Sharing a route's requests between backends by weight, for migrations in small steps.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/random.h"
#include "connector/config/config.h"
#include "connector/http/message.h"
#include "connector/route/destination.h"

namespace adit::route {

/// Made once per route, then only read. Pure.
class Split {
  public:
    struct Share {
        Destination to;
        std::uint32_t weight = 0;
        std::uint64_t salt = 0;  ///< of the backend's name
    };

    /// At least one weight is above 0.
    Split(const std::vector<config::SplitShare>& shares, config::SplitBy by);

    /// The index of the share that a request gets. By what identifies its client where the route says so and the
    /// request has it: then the same on every connector and after every start, and a change of weights moves only
    /// clients that must move (weighted rendezvous hashing). Else by chance. Does not allocate.
    std::size_t choose(const http::RequestHead& request, std::string_view client_ip, Random& random) const;

    const std::vector<Share>& shares() const { return shares_; }

  private:
    std::optional<std::string_view> key_of(const http::RequestHead& request, std::string_view client_ip) const;
    std::size_t by_chance(std::uint64_t point) const;
    std::size_t by_key(std::string_view key) const;

    std::vector<Share> shares_;
    config::SplitBy by_;
    std::uint64_t total_ = 0;
};

}  // namespace adit::route
