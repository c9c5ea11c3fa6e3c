// Finding, keeping and giving up; see store.h.
#include "connector/cache/store.h"

#include <algorithm>
#include <limits>

namespace adit::cache {
namespace {

std::size_t hash_of(std::string_view site) {
    return std::hash<std::string_view>()(site);
}

bool same_selection(const Entry& a, const Entry& b) {
    return std::ranges::equal(a.selecting(), b.selecting(), [](const Selecting& one, const Selecting& other) {
        return one.name == other.name && one.value == other.value;
    });
}

bool has(const Store::Which& which, std::string_view key) {
    return (which.route.empty() || route_of(key) == which.route) && path_of(key).starts_with(which.path_prefix);
}

}  // namespace

void Store::use(const config::CacheStore& bounds) {
    memory_most_ = bounds.memory;
    entries_most_ = bounds.entries;
    make_room();
}

Store::Found Store::find(const Key& key, const Shown& shown) {
    Shard& shard = shard_of(hash_of(key.site()));
    const std::lock_guard lock(shard.mutex);
    const auto slot = shard.slots.find(key.text);
    if (slot == shard.slots.end()) {
        return {};
    }
    for (const Items::iterator item : slot->second.variants) {
        if (selects(item->entry->selecting(), shown)) {
            shard.items.splice(shard.items.begin(), shard.items, item);
            item->used = ++uses_;
            return {item->entry, false};
        }
    }
    return {nullptr, true};
}

bool Store::outdated(const Shard& shard, std::size_t site, Time requested) {
    return requested < shard.floor ||
           std::ranges::any_of(
               shard.invalidations, [&](const Invalidation& one) { return one.site == site && requested <= one.at; });
}

bool Store::put(const Key& key, std::shared_ptr<const Entry> entry) {
    const std::size_t site = hash_of(key.site());
    const std::size_t size = entry->size() + 2 * key.text.size();
    if (size > memory_most_ || entries_most_ == 0) {
        return false;
    }
    {
        Shard& shard = shard_of(site);
        const std::lock_guard lock(shard.mutex);
        if (outdated(shard, site, entry->requested())) {
            return false;
        }
        const auto [found, fresh] = shard.slots.try_emplace(key.text);
        Slot& slot = found->second;
        if (fresh) {
            slot.key = &found->first;
            slot.site = site;
            shard.sites.emplace(site, &slot);
        }
        shard.items.push_front({std::move(entry), &slot, size, ++uses_});
        slot.variants.insert(slot.variants.begin(), shard.items.begin());
        bytes_ += size;
        ++entries_;
        const auto same = std::find_if(slot.variants.begin() + 1, slot.variants.end(), [&](Items::iterator one) {
            return same_selection(*one->entry, *shard.items.front().entry);
        });
        if (same != slot.variants.end()) {
            unlink(shard, *same);
        } else if (slot.variants.size() > kVariantsMost) {
            unlink(shard, slot.variants.back());
        }
    }
    make_room();
    return true;
}

/// With its slot, if that was the last one there. The shard is locked.
void Store::unlink(Shard& shard, Items::iterator item) {
    Slot& slot = *item->slot;
    bytes_ -= item->size;
    --entries_;
    std::erase(slot.variants, item);
    shard.items.erase(item);
    if (!slot.variants.empty()) {
        return;
    }
    const auto [begin, end] = shard.sites.equal_range(slot.site);
    shard.sites.erase(std::find_if(begin, end, [&](const auto& one) { return one.second == &slot; }));
    shard.slots.erase(shard.slots.find(*slot.key));
}

void Store::drop(const Key& key, const Entry* entry) {
    Shard& shard = shard_of(hash_of(key.site()));
    const std::lock_guard lock(shard.mutex);
    const auto slot = shard.slots.find(key.text);
    if (slot == shard.slots.end()) {
        return;
    }
    const auto& variants = slot->second.variants;
    const auto found = std::ranges::find_if(variants, [&](Items::iterator one) { return one->entry.get() == entry; });
    if (found != variants.end()) {
        unlink(shard, *found);
    }
}

void Store::invalidate(std::string_view site, Time now) {
    const std::size_t hash = hash_of(site);
    Shard& shard = shard_of(hash);
    const std::lock_guard lock(shard.mutex);
    for (auto at = shard.sites.find(hash); at != shard.sites.end(); at = shard.sites.find(hash)) {
        for (std::size_t left = at->second->variants.size(); left > 0; --left) {
            unlink(shard, at->second->variants.back());  // the last one takes the slot with it
        }
    }
    if (shard.invalidations.size() < kInvalidations) {
        shard.invalidations.push_back({hash, now});
        return;
    }
    Invalidation& oldest = shard.invalidations[shard.next_invalidation++ % kInvalidations];
    shard.floor = std::max(shard.floor, oldest.at);
    oldest = {hash, now};
}

std::size_t Store::purge(const Which& which, Time now) {
    std::size_t purged = 0;
    for (Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        for (auto item = shard.items.begin(); item != shard.items.end();) {
            const auto current = item++;
            if (has(which, *current->slot->key)) {
                unlink(shard, current);
                ++purged;
            }
        }
        shard.floor = std::max(shard.floor, now);
    }
    return purged;
}

std::size_t Store::count(const Which& which) {
    std::size_t found = 0;
    for (Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        found += static_cast<std::size_t>(
            std::ranges::count_if(shard.items, [&](const Item& item) { return has(which, *item.slot->key); }));
    }
    return found;
}

bool Store::over() const {
    return bytes_ > memory_most_ || entries_ > entries_most_;
}

/// The shard with what was not used for the longest time. It may be another by the time that it is locked: the order is
/// as good as it has to be.
Store::Shard& Store::oldest() {
    Shard* found = shards_.data();
    std::uint64_t used = std::numeric_limits<std::uint64_t>::max();
    for (Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        if (!shard.items.empty() && shard.items.back().used < used) {
            found = &shard;
            used = shard.items.back().used;
        }
    }
    return *found;
}

void Store::make_room() {
    while (over()) {
        Shard& shard = oldest();
        const std::lock_guard lock(shard.mutex);
        if (!shard.items.empty()) {
            unlink(shard, std::prev(shard.items.end()));
            ++evicted_;
        }
    }
}

bool Store::Room::grow(std::size_t bytes) {
    bytes_ += bytes;
    return store_.collecting_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= store_.memory_most_ / 2;
}

}  // namespace adit::cache
