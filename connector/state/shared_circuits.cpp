// What circuits say, and what they are told; see shared_circuits.h.
#include "connector/state/shared_circuits.h"

#include "common/net/spawn.h"
#include "connector/state/circuits_lua.h"
#include "connector/state/scripts.h"

namespace adit::state {
namespace {

using namespace std::chrono_literals;
using resilience::CircuitState;
using Sharing = config::Circuit::Sharing;

constexpr std::size_t kWhyMost = 256;  ///< bytes of an explanation that travel
constexpr std::size_t kToldMost = 4'096;

Sharing sharing_of(const resilience::Circuit& circuit) {
    return circuit.standing(net::Clock::now()).settings.sharing;
}

}  // namespace

std::shared_ptr<SharedCircuits> SharedCircuits::make(Store& store, resilience::Circuits& circuits) {
    std::shared_ptr<SharedCircuits> shared(new SharedCircuits(store, circuits));
    store.keep_up(shared);
    return shared;
}

// --- any thread, under the lock of a circuit ---

void SharedCircuits::changed(const resilience::CircuitChange& change) {
    if (change.remote || !store_.shares()) return;
    Told told{.circuit = std::string(change.circuit)};
    if (change.by_operator) {
        told.word.force = name(change.forced);
    } else if (change.to != CircuitState::half_open) {
        told.word.event = name(change.to);
        told.word.cooldown = change.cooldown;
        told.word.why = change.why.substr(0, kWhyMost);
    }
    note(std::move(told));
}

void SharedCircuits::counted(std::string_view) {
    if (store_.shares()) note({});
}

bool SharedCircuits::may_probe(std::string_view circuit) {
    if (!store_.main_answers()) return true;
    note({.circuit = std::string(circuit), .word = {.wants_probes = true}});
    return false;
}

void SharedCircuits::note(Told told) {
    const std::scoped_lock lock(mutex_);
    if (!told.circuit.empty() && told_.size() < kToldMost) told_.push_back(std::move(told));
    if (!std::exchange(hurried_, true)) {
        store_.post_main([self = weak_from_this()] {
            if (const auto alive = self.lock()) {
                alive->exchanged_ = {};
                alive->tick(net::Clock::now());
            }
        });
    }
}

// --- the first worker's thread ---

void SharedCircuits::hear_circuits() {
    std::vector<Told> told;
    {
        const std::scoped_lock lock(mutex_);
        told.swap(told_);
        hurried_ = false;
    }
    for (Told& one : told) rows_[one.circuit].word.add(std::move(one.word));
}

/// A window of so many calls cannot be summed: such a circuit shares what has become of it, and counts for itself.
void SharedCircuits::look_at_reach(const std::vector<Circuit>& circuits, Reach reach) {
    for (const Circuit& circuit : circuits) {
        Row& row = rows_[circuit->name()];
        const config::Circuit settings = circuit->standing(net::Clock::now()).settings;
        const bool counts = reach == Reach::there && settings.sharing == Sharing::exact && settings.window_calls == 0;
        if (row.reach == reach && row.counts_for_fleet == counts) continue;
        if (reach == Reach::nothing_shared) row = {};  // what comes after it is another store
        row.reach = reach;
        row.counts_for_fleet = counts;
        row.advises.reset();  // a store that was lost may have forgotten it
        circuit->set_reachable(reach != Reach::lost);
        circuit->count_for_fleet(counts);
        static_cast<void>(circuit->take_counts());
        row.counts = {};
    }
    std::erase_if(rows_, [&](const auto& row) {
        return std::ranges::none_of(circuits, [&](const Circuit& one) { return one->name() == row.first; });
    });
}

void SharedCircuits::tick(net::Time now) {
    if (exchanging_) return;
    const Reach reach = !store_.shares() ? Reach::nothing_shared : store_.main_answers() ? Reach::there : Reach::lost;
    if (reach != Reach::there || now >= exchanged_ + kPoll) {
        const auto circuits = circuits_.all();
        look_at_reach(circuits, reach);
        hear_circuits();
        if (reach == Reach::there) {
            exchanged_ = now;
            exchanging_ = true;
            net::spawn(store_.main().loop().context(), "circuits of the fleet", exchange(shared_from_this()));
        } else {
            look_at_all_ = true;
        }
    }
}

bool SharedCircuits::has_news(const Circuit& circuit, Row& row) const {
    row.count(circuit->take_counts());
    return look_at_all_ || row.has_news() || circuit->state() == CircuitState::half_open;
}

/// Whether it has said something since it was looked at.
bool SharedCircuits::waits(const Circuit& circuit) {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(told_, [&](const Told& one) {
        return one.circuit == circuit->name() && !(one.word.event.empty() && one.word.force.empty());
    });
}

net::Task<> SharedCircuits::exchange(std::shared_ptr<SharedCircuits> self) {
    static_cast<void>(self);  // alive until this ends
    std::vector<Circuit> exact, advising;
    for (Circuit& circuit : circuits_.all()) {
        const Sharing sharing = sharing_of(*circuit);
        if (sharing == Sharing::exact && has_news(circuit, rows_[circuit->name()])) {
            exact.push_back(std::move(circuit));
        } else if (sharing == Sharing::advice) {
            advising.push_back(std::move(circuit));
        }
    }
    co_await exchange_exact(exact);
    if (!advising.empty()) co_await exchange_advice(advising);
    exchanging_ = false;
    const bool more = [this] {
        const std::scoped_lock lock(mutex_);
        return hurried_;
    }();
    if (more) {
        exchanged_ = {};
        tick(net::Clock::now());
    }
}

/// Asks even where nobody has news: for the version.
net::Task<> SharedCircuits::exchange_exact(const std::vector<Circuit>& circuits) {
    Redis& redis = store_.main();
    std::size_t done = 0;
    bool others_changed = false;
    do {
        look_at_all_ = true;                 // until it has all come to a good end
        if (!redis.configured()) co_return;  // a reload has taken it away meanwhile
        const std::span batch = std::span(circuits).subspan(done, std::min(kBatch, circuits.size() - done));
        const Answer answer = co_await redis.call(exact_call(batch, net::Clock::now()));
        if (!hear_batch(batch, answer, net::Clock::now())) co_return;
        others_changed = others_changed || *answer->number(0) != version_;
        version_ = *answer->number(0);
        done += batch.size();
    } while (done < circuits.size());
    look_at_all_ = others_changed;
}

ScriptCall SharedCircuits::exact_call(std::span<const Circuit> batch, net::Time now) {
    const Redis& redis = store_.main();
    ScriptCall call(circuits_script(), batch.size() + 1);
    call.add(redis.key("circuits", "version"));
    for (const Circuit& circuit : batch) call.add(redis.key("circuit", circuit->name()));
    call.add(store_.pseudonym());
    for (const Circuit& circuit : batch) add_to(call, circuit, rows_[circuit->name()], now);
    return call;
}

/// False: there is no answer, or it makes no sense.
bool SharedCircuits::hear_batch(std::span<const Circuit> batch, const Answer& answer, net::Time now) {
    const bool good = answer && answer->number(0) && answer->items.size() == batch.size() + 1;
    // What is late has most likely been counted, or will be.
    const auto loss = !answer && answer.error() == Trouble::late ? CircuitRow::Loss::likely : CircuitRow::Loss::certain;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        Row& row = rows_[batch[i]->name()];
        if (!good) {
            row.not_taken(loss);
            continue;
        }
        row.taken();
        take(batch[i], row, answer->items[i + 1], now);
    }
    return good;
}

net::Task<> SharedCircuits::exchange_advice(const std::vector<Circuit>& circuits) {
    Redis& redis = store_.main();
    for (std::size_t done = 0; done < circuits.size(); done += kBatch) {
        if (!redis.configured()) co_return;
        const std::span batch = std::span(circuits).subspan(done, std::min(kBatch, circuits.size() - done));
        ScriptCall call(advice_script(), batch.size());
        for (const Circuit& circuit : batch) call.add(redis.key("advice", circuit->name()));
        call.add(store_.pseudonym());
        std::vector<bool> open;
        for (const Circuit& circuit : batch) {
            const auto next = circuit->standing(net::Clock::now()).next_try;
            const auto left = next ? std::chrono::ceil<std::chrono::milliseconds>(*next - net::Clock::now()) : 0ms;
            const bool said = rows_[circuit->name()].advises == next.has_value();
            call.add(said ? -1 : std::max<std::int64_t>(next ? 1 : 0, left.count()));
            open.push_back(next.has_value());
        }
        const Answer answer = co_await redis.call(std::move(call));
        if (!answer || answer->items.size() != batch.size()) co_return;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            rows_[batch[i]->name()].advises = open[i];
            const auto left = std::chrono::milliseconds(answer->number(i).value_or(0));
            batch[i]->adopt({.state = left > 0ms ? CircuitState::open : CircuitState::closed, .cooldown = left},
                            net::Clock::now());
        }
    }
}

/// In the order of circuits_lua.h.
void SharedCircuits::add_to(ScriptCall& call, const Circuit& circuit, const Row& row, net::Time now) {
    const auto standing = circuit->standing(now);
    const config::Circuit& settings = standing.settings;
    const CircuitWord& word = row.word;
    const resilience::CircuitCounts& counts = row.counts;
    const bool succeeded = counts.calls > counts.failures;
    const auto since_success = std::chrono::duration_cast<std::chrono::milliseconds>(now - counts.last_success);
    const bool renews = standing.state == CircuitState::half_open && standing.probes > 0;
    const auto left = standing.next_try ? std::chrono::ceil<std::chrono::milliseconds>(*standing.next_try - now) : 0ms;
    call.add(row.known)
        .add(std::string_view(word.event))
        .add(word.cooldown.count())
        .add(std::string_view(word.why.empty() ? standing.why : word.why).substr(0, kWhyMost))
        .add(std::int64_t{word.wants_probes ? 1
                          : renews          ? 2
                                            : 0})
        .add(static_cast<std::int64_t>(counts.calls))
        .add(static_cast<std::int64_t>(counts.failures))
        .add(static_cast<std::int64_t>(counts.slow))
        .add(static_cast<std::int64_t>(counts.trailing))
        .add(succeeded ? std::max<std::int64_t>(0, since_success.count()) : -1)
        .add(settings.window.count())
        .add(std::int64_t{settings.consecutive})
        .add(std::int64_t{settings.failures})
        .add(std::int64_t{settings.failure_rate})
        .add(std::int64_t{settings.slow_rate})
        .add(std::int64_t{settings.minimum})
        .add(settings.cooldown.count())
        .add(settings.cooldown_most.count())
        .add(std::min<std::chrono::milliseconds>(settings.cooldown, kProbes).count())
        .add(settings.recovery.count())
        .add(static_cast<std::int64_t>(standing.state))
        .add(std::max<std::int64_t>(0, left.count()))
        .add(std::string_view(word.force))
        .add(std::string_view(counts.last_failure).substr(0, kWhyMost));
}

/// What the store says counts, whatever this connector thinks of its own calls meanwhile: a change of an older
/// generation is told to nobody any more.
void SharedCircuits::take(const Circuit& circuit, Row& row, const Reply& reply, net::Time now) {
    const auto here = circuit->standing(now).state;  // under its lock: what led to it has been told, too
    const auto order = row.hear(reply, here, waits(circuit));
    if (!order) return;
    if (order->news) circuit->adopt(*order->news, now);
    if (order->probes) circuit->grant_probes(now);
    if (!order->changed) return;
    static_cast<void>(circuit->take_counts());  // of the generation before
    store_.metrics().circuits_adopted.Increment();
    const std::scoped_lock lock(mutex_);
    for (Told& one : told_) {
        if (one.circuit == circuit->name()) one.word.event.clear();
    }
}

}  // namespace adit::state
