// The endpoints of a backend as all workers know them together: who is there, who is well, and who says so.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connector/admin/endpoint_metrics.h"
#include "connector/backend/vitals.h"
#include "connector/config/resilience.h"
#include "connector/resilience/ranking.h"
#include "connector/resilience/ring.h"

namespace adit::backend {

/// Something changed for an endpoint: what operators hear of.
struct EndpointEvent {
    enum class Kind : std::uint8_t { unhealthy, healthy, ejected, returned };
    Kind kind = Kind::unhealthy;
    std::string backend;
    std::string endpoint;                ///< its URL
    std::string reason;                  ///< in words; may be empty
    std::chrono::milliseconds lasts{0};  ///< of an ejection
};

/// Of one configuration of a backend; for any thread. Vitals and Changes go on from one to the next.
class Roster {
  public:
    using Time = resilience::Time;

    /// What all rosters of a backend of one name share: workers that serve by an older one see what the newer one does.
    struct Changes {
        std::mutex guard;                     ///< of ejections
        std::atomic<std::uint32_t> epoch{1};  ///< grows whenever somebody is well who was not, or the other way round
    };
    struct Member {
        std::string url;
        std::uint32_t weight = 1;
        std::uint32_t priority = 0;
        std::string zone = {};
        std::shared_ptr<Vitals> vitals = {};
        std::shared_ptr<EndpointMetrics> metrics = {};  ///< null: nobody counts
    };
    struct Terms {
        std::string backend = {};
        config::Balance balance = {};
        std::optional<config::Health> health = {};
        std::optional<config::Outlier> outlier = {};
        std::shared_ptr<Changes> changes = std::make_shared<Changes>();
        std::shared_ptr<SpreadMetrics> metrics = {};               ///< null: nobody counts
        std::function<void(const EndpointEvent&)> tell = nullptr;  ///< on whichever thread finds it out; empty: nobody
    };
    Roster(Terms terms, std::vector<Member> members);
    /// For a backend that stands alone: endpoints without any settings.
    static std::shared_ptr<Roster> plain(const std::vector<std::string>& urls);

    const config::Balance& balance() const { return terms_.balance; }
    const std::optional<config::Health>& health() const { return terms_.health; }
    bool judges() const { return outliers_.has_value(); }  ///< whether what tries come to takes endpoints out
    const std::string& backend() const { return terms_.backend; }
    const std::vector<Member>& members() const { return members_; }
    const std::shared_ptr<Changes>& changes() const { return terms_.changes; }
    const resilience::Ring* ring() const { return ring_ ? &*ring_ : nullptr; }  ///< null: keys do not matter
    std::uint32_t epoch() const { return terms_.changes->epoch.load(std::memory_order_acquire); }

    /// What a try came to. `uniform` is from [0, 1).
    void report(std::size_t member, const resilience::Outcome& outcome, Time now, double uniform);
    /// What an active check came to, and the verdict with it; `words` say why it failed.
    void checked(std::size_t member, bool good, Health verdict, const std::string& words, Time now);
    /// Nobody checks its endpoints any more: what was said of them last must not stand for ever.
    void forget_checks(Time now);
    /// Now and then, on one thread: who came back from an ejection is told, gauges are set.
    void sweep(Time now);

    resilience::Fitness fitness(std::size_t member, Time now) const;
    /// In its slow start: it gets less than its weight says.
    bool warms_up(std::size_t member, Time now) const {
        return weight_now(members_[member], now) < members_[member].weight;
    }
    /// All of them as they stand now, nobody avoided; and until when, where time alone changes something.
    Time enter(std::vector<resilience::Entrant>& entrants, Time now) const;
    /// Seconds after which it is worth asking again when nobody is well.
    int retry_after(Time now) const;
    /// A request began by endpoints that are said to be ill.
    void panicked() const;

  private:
    double weight_now(const Member& member, Time now) const;
    void tell(EndpointEvent::Kind kind, const Member& member, std::string reason,
              std::chrono::milliseconds lasts = {}) const;
    void changed() { terms_.changes->epoch.fetch_add(1, std::memory_order_release); }

    const Terms terms_;
    const std::vector<Member> members_;
    std::optional<resilience::Outliers> outliers_;
    std::optional<resilience::Ring> ring_;
    std::vector<bool> away_;  ///< by member, of sweep(): it was ejected when looked at last
};

}  // namespace adit::backend
