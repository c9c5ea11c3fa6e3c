// Circuits of a fleet: failures counted together, one opening for all, one connector that probes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connector/resilience/circuits.h"
#include "connector/state/store.h"

namespace adit::state {

/// Nothing of this is on the way of a request: what circuits have counted goes to the store in batches, at once where a
/// call has failed, and every kPoll in any case; what others have done comes back with the answer. While the store does
/// not answer, circuits count alone, or refuse where they fail open.
///
/// Circuits tell it of changes on any thread; the rest happens on the first worker's.
class SharedCircuits final : public resilience::CircuitWatcher,
                             public Upkeep,
                             public std::enable_shared_from_this<SharedCircuits> {
  public:
    static constexpr std::chrono::milliseconds kPoll{100};  ///< so late others hear of a change, at most, and one tick
    static constexpr std::chrono::milliseconds kProbes{5'000};  ///< until who probes has to say that it still does
    static constexpr std::size_t kBatch = 64;                   ///< circuits in one round trip

    static std::shared_ptr<SharedCircuits> make(Store& store, resilience::Circuits& circuits);

    void changed(const resilience::CircuitChange& change) override;
    bool may_probe(std::string_view circuit) override;
    void counted(std::string_view circuit) override;
    void tick(net::Time now) override;

  private:
    /// What was last heard of a circuit, and what is to be said of it.
    struct Row {
        std::int64_t known = 0;  ///< generation
        std::int64_t forced_known = 0;
        resilience::CircuitCounts counts = {};  ///< calls that the store has not heard of
        std::string event = {};                 ///< a change of ours; empty: none
        std::chrono::milliseconds cooldown{0};
        std::string why = {};
        std::string force = {};
        bool wants_probes = false;
        std::optional<bool> reachable = {};  ///< as the circuit was told
        bool advises = false;                ///< others have heard that it is open
    };
    /// What a circuit has said since the last look, under mutex_.
    struct Told {
        std::string circuit;
        std::string event = {};
        std::chrono::milliseconds cooldown{0};
        std::string why = {};
        std::string force = {};
        bool wants_probes = false;
    };
    using Circuit = std::shared_ptr<resilience::Circuit>;

    SharedCircuits(Store& store, resilience::Circuits& circuits) : store_(store), circuits_(circuits) {}
    void note(Told told);
    void hear_circuits();
    void look_at_reach(const std::vector<Circuit>& circuits, bool reachable);
    net::Task<> exchange(std::shared_ptr<SharedCircuits> self);
    net::Task<> exchange_exact(const std::vector<Circuit>& circuits);
    net::Task<> exchange_advice(const std::vector<Circuit>& circuits);
    bool has_news(const Circuit& circuit, Row& row) const;
    static void add_to(ScriptCall& call, const Circuit& circuit, Row& row, net::Time now);
    void take(const Circuit& circuit, Row& row, const Reply& reply, net::Time now);

    Store& store_;
    resilience::Circuits& circuits_;
    std::map<std::string, Row, std::less<>> rows_;  ///< by name
    std::int64_t version_ = -1;                     ///< of the fleet's circuits
    bool look_at_all_ = true;
    bool exchanging_ = false;
    net::Time exchanged_{};
    std::mutex mutex_;
    std::vector<Told> told_;
    bool hurried_ = false;  ///< under mutex_: a look has been posted
};

}  // namespace adit::state
