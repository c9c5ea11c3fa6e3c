// The ways of all workers; see store.h.
#include "connector/state/store.h"

namespace adit::state {

Store::Store(metrics::Registry& registry, net::Resolver& resolver, std::string pseudonym)
    : metrics_(registry), resolver_(resolver), pseudonym_(std::move(pseudonym)) {}

Store::~Store() = default;

void Store::attach(net::Worker& worker) {
    const std::size_t index = ways_.size();
    auto way = std::make_unique<Way>();
    way->worker = &worker;
    way->redis =
        std::make_unique<Redis>(worker.loop(), resolver_, metrics_, pseudonym_ + "-" + std::to_string(worker.index()),
                                [this, index](const Standing& standing) { heard(index, standing); });
    worker.post([at = way.get()] { at->thread.store(std::this_thread::get_id(), std::memory_order_release); });
    ways_.push_back(std::move(way));
}

void Store::use(const std::shared_ptr<const Settings>& settings) {
    shares_ = settings != nullptr;
    for (const auto& way : ways_) {
        way->worker->post([redis = way->redis.get(), settings] { redis->use(settings); });
    }
}

void Store::keep_up(std::weak_ptr<Upkeep> one) {
    const std::scoped_lock lock(mutex_);
    kept_up_.push_back(std::move(one));
}

void Store::tick(net::Time now) {
    std::vector<std::shared_ptr<Upkeep>> alive;
    {
        const std::scoped_lock lock(mutex_);
        std::erase_if(kept_up_, [&](const std::weak_ptr<Upkeep>& one) {
            auto held = one.lock();
            if (held) alive.push_back(std::move(held));
            return one.expired();
        });
    }
    for (const auto& one : alive) one->tick(now);
}

Redis* Store::here() const {
    const auto self = std::this_thread::get_id();
    for (const auto& way : ways_) {
        if (way->thread.load(std::memory_order_acquire) == self) return way->redis.get();
    }
    return nullptr;
}

void Store::heard(std::size_t worker, const Standing& standing) {
    {
        const std::scoped_lock lock(mutex_);
        ways_[worker]->standing = standing;
    }
    // One worker speaks for all: they ask the same server.
    if (worker != 0) return;
    main_answers_ = standing.answers;
    metrics_.answers.Set(standing.answers ? 1 : 0);
    const bool lost = standing.configured && !standing.answers && (lost_ || !standing.trouble.empty());
    if (lost != std::exchange(lost_, lost) && standing.configured && watcher_) watcher_(standing);
}

std::vector<Store::WorkerStanding> Store::standings() const {
    const std::scoped_lock lock(mutex_);
    std::vector<WorkerStanding> all;
    all.reserve(ways_.size());
    for (const auto& way : ways_) all.push_back({way->standing, way->redis->lag()});
    return all;
}

}  // namespace adit::state
