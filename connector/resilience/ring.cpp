// Where endpoints stand on the ring; see ring.h.
#include "connector/resilience/ring.h"

#include <algorithm>
#include <limits>

namespace adit::resilience {
namespace {

std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

}  // namespace

std::uint64_t stable_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return mixed(hash);
}

Ring::Ring(const std::vector<Place>& places) {
    std::uint64_t lightest = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t all = 0;
    for (const Place& place : places) {
        lightest = place.weight > 0 ? std::min<std::uint64_t>(lightest, place.weight) : lightest;
        all += place.weight;
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i].weight == 0) {
            continue;
        }
        std::uint64_t count = kPointsEach * places[i].weight / lightest;
        if (kPointsEach * all / lightest > kPointsMost) {
            count = std::max<std::uint64_t>(kPointsMost * places[i].weight / all, 1);
        }
        const std::uint64_t seed = stable_hash(places[i].name);
        for (std::uint64_t k = 0; k < count; ++k) {
            points_.push_back({mixed(seed + k * 0x9e3779b97f4a7c15), static_cast<std::uint32_t>(i)});
        }
    }
    std::ranges::sort(points_,
                      [](const Point& a, const Point& b) { return a.at != b.at ? a.at < b.at : a.place < b.place; });
}

std::size_t Ring::first_at(std::uint64_t key) const {
    const auto found = std::ranges::lower_bound(points_, key, {}, &Point::at);
    return found == points_.end() ? 0 : static_cast<std::size_t>(found - points_.begin());
}

}  // namespace adit::resilience
