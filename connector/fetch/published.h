// A shared pointer that one thread replaces and all threads read.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace adit::fetch {

/// Like std::atomic<std::shared_ptr>, which libstdc++ 12 unlocks without the order that a reader needs. What is done
/// under the flag is the copy of a pointer: nobody waits for more.
template <class T>
class Published {
  public:
    std::shared_ptr<T> load() const {
        const Held held(busy_);
        return value_;
    }
    void store(std::shared_ptr<T> value) {
        const Held held(busy_);
        value_.swap(value);  // the old one is let go after the flag
    }

  private:
    class Held {
      public:
        explicit Held(std::atomic_flag& flag) : flag_(flag) {
            while (flag_.test_and_set(std::memory_order_acquire)) {
            }
        }
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;
        ~Held() { flag_.clear(std::memory_order_release); }

      private:
        std::atomic_flag& flag_;
    };

    mutable std::atomic_flag busy_;
    std::shared_ptr<T> value_;
};

}  // namespace adit::fetch
