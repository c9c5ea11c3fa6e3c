// Circuits of a fleet: failures counted together, one opening for all, one connector that probes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "connector/resilience/circuits.h"
#include "connector/state/circuit_row.h"
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
    /// Whether what is shared can be reached.
    enum class Reach : std::uint8_t { nothing_shared, lost, there };
    struct Row : CircuitRow {
        std::optional<Reach> reach = {};  ///< as the circuit was told
        bool counts_for_fleet = false;
        std::optional<bool> advises = {};  ///< as others were told: it is open
    };
    /// What a circuit has said since the last look, under mutex_.
    struct Told {
        std::string circuit;
        CircuitWord word = {};
    };
    using Circuit = std::shared_ptr<resilience::Circuit>;

    SharedCircuits(Store& store, resilience::Circuits& circuits) : store_(store), circuits_(circuits) {}
    void note(Told told);
    void hear_circuits();
    void look_at_reach(const std::vector<Circuit>& circuits, Reach reach);
    net::Task<> exchange(std::shared_ptr<SharedCircuits> self);
    net::Task<> exchange_exact(const std::vector<Circuit>& circuits);
    net::Task<> exchange_advice(const std::vector<Circuit>& circuits);
    bool has_news(const Circuit& circuit, Row& row) const;
    bool waits(const Circuit& circuit);
    ScriptCall exact_call(std::span<const Circuit> batch, net::Time now);
    bool hear_batch(std::span<const Circuit> batch, const Answer& answer, net::Time now);
    static void add_to(ScriptCall& call, const Circuit& circuit, const Row& row, net::Time now);
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
