// Ending a wait early from outside: whoever no longer wants its outcome says so.
#pragma once

#include "common/net/waiter.h"

namespace adit::net {

/// Outlives the wait that it is given to. On one loop's thread.
class CallOff {
  public:
    CallOff() = default;
    CallOff(const CallOff&) = delete;
    CallOff& operator=(const CallOff&) = delete;

    /// For good; a wait that begins later ends at once.
    void now() {
        called_ = true;
        if (waiter_ != nullptr) {
            waiter_->wake();
        }
    }
    bool called() const { return called_; }

    /// In the wait: `waiter` is woken by now() as long as this lives. One at a time; a null `by` wakes nobody.
    class Wakes {
      public:
        Wakes(CallOff* by, Waiter& waiter) : by_(by) {
            if (by_ != nullptr) {
                by_->waiter_ = &waiter;
            }
        }
        Wakes(const Wakes&) = delete;
        Wakes& operator=(const Wakes&) = delete;
        ~Wakes() {
            if (by_ != nullptr) {
                by_->waiter_ = nullptr;
            }
        }

      private:
        CallOff* by_;
    };

  private:
    Waiter* waiter_ = nullptr;
    bool called_ = false;
};

}  // namespace adit::net
