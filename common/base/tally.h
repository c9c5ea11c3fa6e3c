// How many of a kind each party has: who takes more and more shall leave something to others.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace adit {

/// From any thread; for what comes and goes seldom. Outlives what it counts.
template <class Key>
class Tally {
  public:
    /// Counts as one of its party for as long as it lives.
    class Share {
      public:
        Share() = default;
        Share(Share&& other) noexcept : tally_(std::exchange(other.tally_, nullptr)), key_(std::move(other.key_)) {}
        Share& operator=(Share&&) = delete;
        ~Share() {
            if (tally_ != nullptr) {
                tally_->leave(key_);
            }
        }
        /// Whether it counts at all.
        explicit operator bool() const { return tally_ != nullptr; }

      private:
        friend class Tally;
        Share(Tally& tally, const Key& key) : tally_(&tally), key_(key) {}
        Tally* tally_ = nullptr;
        Key key_{};
    };

    /// One more of this party; nothing when it has `most` already.
    Share enter(const Key& key, std::uint32_t most) {
        const std::lock_guard lock(mutex_);
        if (const auto known = counts_.find(key); (known == counts_.end() ? 0 : known->second) >= most) {
            return {};
        }
        ++counts_[key];
        return Share(*this, key);
    }
    std::size_t parties() const {
        const std::lock_guard lock(mutex_);
        return counts_.size();
    }

  private:
    void leave(const Key& key) {
        const std::lock_guard lock(mutex_);
        const auto known = counts_.find(key);
        if (--known->second == 0) {
            counts_.erase(known);
        }
    }

    mutable std::mutex mutex_;
    std::map<Key, std::uint32_t> counts_;  ///< none of them zero
};

}  // namespace adit
