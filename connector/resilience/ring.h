// Consistent hashing (Karger et al., 1997): the same key leads to the same endpoint, and when one goes only its keys
// move.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adit::resilience {

/// The same in every process and on every machine, so that connectors of a fleet agree: FNV-1a with SplitMix64's
/// finalizer. Not against people who choose their keys.
std::uint64_t stable_hash(std::string_view text);

/// Immutable. Points of an endpoint depend on its name and weight alone.
class Ring {
  public:
    struct Place {
        std::string name;
        std::uint32_t weight = 1;  ///< 0: it has no points
    };
    explicit Ring(const std::vector<Place>& places);

    /// The first place from the key on, clockwise, that `fits` says yes to.
    template <class Fits>
    std::optional<std::size_t> find(std::uint64_t key, Fits fits) const {
        const std::size_t start = first_at(key);
        for (std::size_t i = 0; i < points_.size(); ++i) {
            const Point& point = points_[start + i < points_.size() ? start + i : start + i - points_.size()];
            if (fits(point.place)) {
                return point.place;
            }
        }
        return std::nullopt;
    }
    std::size_t points() const { return points_.size(); }

  private:
    static constexpr std::uint32_t kPointsEach = 160;  ///< of the lightest, as in libketama: shares within some percent
    static constexpr std::uint64_t kPointsMost = 65'536;
    struct Point {
        std::uint64_t at;
        std::uint32_t place;
    };
    std::size_t first_at(std::uint64_t key) const;
    std::vector<Point> points_;
};

}  // namespace adit::resilience
