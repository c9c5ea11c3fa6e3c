// Drawing and hashing; see split.h.
#include "connector/route/split.h"

#include <cmath>
#include <limits>

#include "connector/route/cookie.h"

namespace adit::route {
namespace {

/// FNV-1a (draft-eastlake-fnv): the same everywhere, unlike std::hash. Its weak last bits are mixed by Random.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return hash;
}

}  // namespace

Split::Split(const std::vector<config::SplitShare>& shares, config::SplitBy by) : by_(std::move(by)) {
    for (const config::SplitShare& share : shares) {
        const RouteIndex inner = share.inner_route ? static_cast<RouteIndex>(*share.inner_route) : no_route;
        shares_.push_back({{share.backend, share.backend_index, inner}, share.weight, hash_of(share.backend)});
        total_ += share.weight;
    }
}

std::optional<std::string_view> Split::key_of(const http::RequestHead& request, std::string_view client_ip) const {
    using Of = config::SplitBy::Of;
    if (by_.of == Of::client_ip) {
        return client_ip;
    }
    if (by_.of == Of::cookie) {
        return cookie(request, by_.name);
    }
    const http::Field* field = by_.of == Of::header ? request.find(by_.name) : nullptr;
    return field == nullptr ? std::nullopt : std::optional(field->value);
}

std::size_t Split::choose(const http::RequestHead& request, std::string_view client_ip, Random& random) const {
    const auto key = key_of(request, client_ip);
    return key ? by_key(*key) : by_chance(random.below(total_));
}

std::size_t Split::by_chance(std::uint64_t point) const {
    std::size_t i = 0;
    while (point >= shares_[i].weight) {
        point -= shares_[i++].weight;
    }
    return i;
}

/// Each share draws, by key and name alone, a time at which it would take the client: exponentially distributed with
/// its weight as the rate, so that each comes first as often as its weight says. A weight that grows makes its own time
/// shorter and leaves the others as they were.
std::size_t Split::by_key(std::string_view key) const {
    const std::uint64_t hash = hash_of(key);
    std::size_t first = 0;
    double earliest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < shares_.size(); ++i) {
        if (shares_[i].weight == 0) {
            continue;
        }
        const double time = -std::log1p(-Random(hash ^ shares_[i].salt).uniform()) / shares_[i].weight;
        if (time < earliest) {
            earliest = time;
            first = i;
        }
    }
    return first;
}

}  // namespace adit::route
