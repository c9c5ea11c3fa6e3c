// The answers that all caches of a connector keep, within one bound. Any thread.
//
// Shards by what was asked, each with a lock that is held for a search or a change of links; bodies are shared, so
// nothing of them is copied there. The least recently used of all shards leave first.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/strings.h"
#include "connector/cache/entry.h"
#include "connector/cache/key.h"
#include "connector/config/degrade.h"

namespace adit::cache {

class Store {
  public:
    explicit Store(const config::CacheStore& bounds) { use(bounds); }
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    /// From now on; what is too much leaves.
    void use(const config::CacheStore& bounds);
    config::CacheStore bounds() const {
        return {.memory = memory_most_, .entries = static_cast<std::uint32_t>(entries_most_)};
    }

    struct Found {
        std::shared_ptr<const Entry> entry;  ///< the newest one that the request selects; null: none
        bool others = false;                 ///< there are some that it does not select
    };
    Found find(const Key& key, const Shown& shown);
    /// False when it was asked for before its site was changed or purged, or is larger than all that may be kept.
    bool put(const Key& key, std::shared_ptr<const Entry> entry);
    /// If it is there still.
    void drop(const Key& key, const Entry* entry);
    /// RFC 9111 §4.4: whatever was kept of it for anybody, and what is on its way still, is not used any more.
    void invalidate(std::string_view site, Time now);

    /// Empty ones mean all.
    struct Which {
        std::string route;
        std::string path_prefix;
    };
    /// How many have left.
    std::size_t purge(const Which& which, Time now);
    /// How many would leave now.
    std::size_t count(const Which& which);

    struct Figures {
        std::size_t entries;
        std::uint64_t bytes;
        std::uint64_t evicted;  ///< since the beginning, for want of room
    };
    Figures figures() const { return {entries_.load(), bytes_.load(), evicted_.load()}; }

    /// Memory of a body that is being collected; counts until it is destroyed. Not movable: it grows where it is.
    class Room {
      public:
        explicit Room(Store& store) : store_(store) {}
        Room(const Room&) = delete;
        Room& operator=(const Room&) = delete;
        ~Room() { store_.collecting_.fetch_sub(bytes_, std::memory_order_relaxed); }
        /// False when bodies on their way would take more than half of what may be kept.
        bool grow(std::size_t bytes);

      private:
        Store& store_;
        std::uint64_t bytes_ = 0;
    };

    static constexpr std::size_t kVariantsMost = 32;    ///< of one key; the oldest leaves
    static constexpr std::size_t kInvalidations = 256;  ///< that a shard remembers for answers on their way

  private:
    struct Slot;
    struct Item {
        std::shared_ptr<const Entry> entry;
        Slot* slot;
        std::size_t size;
        std::uint64_t used;  ///< the later the larger
    };
    using Items = std::list<Item>;
    struct Slot {
        const std::string* key = nullptr;
        std::size_t site = 0;                   ///< hash
        std::vector<Items::iterator> variants;  ///< the newest first
    };
    struct Invalidation {
        std::size_t site;
        Time at;
    };
    struct Shard {
        std::mutex mutex;
        std::unordered_map<std::string, Slot, StringHash, std::equal_to<>> slots;  ///< by key
        std::unordered_multimap<std::size_t, Slot*> sites;                         ///< by the site's hash
        Items items;                                                               ///< the most recently used first
        std::vector<Invalidation> invalidations;
        std::size_t next_invalidation = 0;  ///< which to write over
        Time floor{};                       ///< what was asked for before comes too late
    };
    static constexpr std::size_t kShards = 16;

    Shard& shard_of(std::size_t site) { return shards_[site % kShards]; }
    static bool outdated(const Shard& shard, std::size_t site, Time requested);
    void unlink(Shard& shard, Items::iterator item);
    bool over() const;
    Shard& oldest();
    void make_room();

    std::array<Shard, kShards> shards_;
    std::atomic<std::uint64_t> memory_most_{0};
    std::atomic<std::size_t> entries_most_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<std::size_t> entries_{0};
    std::atomic<std::uint64_t> evicted_{0};
    std::atomic<std::uint64_t> collecting_{0};
    std::atomic<std::uint64_t> uses_{0};
};

}  // namespace adit::cache
