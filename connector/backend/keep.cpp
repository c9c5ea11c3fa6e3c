// Keeping, watching and dropping idle connections; see keep.h.
#include "connector/backend/keep.h"

#include <vector>

namespace adit::backend {

/// A kept connection; hears when its peer leaves.
struct Keep::Idle final : Keep::Hook, net::HangupListener, net::Deadline {
    Idle(Keep& owner, std::uint64_t way, std::unique_ptr<net::Stream> kept)
        : Deadline(owner.loop_.wheel()), keep(owner), key(way), stream(std::move(kept)) {
        stream->on_hangup(this);
        Deadline::arm(keep.loop_.now() + keep.limits_.idle);
    }
    ~Idle() override {
        if (stream) {
            stream->on_hangup(nullptr);
        }
    }
    void peer_hung_up() override;
    void expired() override { peer_hung_up(); }

    Keep& keep;
    std::uint64_t key;
    std::unique_ptr<net::Stream> stream;
    bool dropped = false;
};

struct Keep::List : boost::intrusive::list<Idle, boost::intrusive::base_hook<Hook>> {};

/// Destroys dropped connections at the end of the turn: they may have hung up in the middle of their own callbacks.
class Keep::Reaper final : public net::TurnEnd {
  public:
    std::vector<std::unique_ptr<Idle>> dead;

  private:
    void turn_ended() override { dead.clear(); }
};

void Keep::Idle::peer_hung_up() {
    if (!std::exchange(dropped, true)) {
        keep.drop(*this);
    }
}

Keep::Keep(net::Loop& loop, const Limits& limits, BackendMetrics& metrics)
    : loop_(loop), limits_(limits), metrics_(metrics), reaper_(std::make_unique<Reaper>()) {}

Keep::~Keep() {
    for (auto& [key, list] : ways_) {
        list->clear_and_dispose([](Idle* idle) { std::unique_ptr<Idle> owned(idle); });
    }
}

void Keep::drop(Idle& idle) {
    List& list = *ways_[idle.key];
    list.erase(list.iterator_to(idle));
    if (list.empty()) {
        ways_.erase(idle.key);
    }
    --count_;
    metrics_.idle.Decrement();
    reaper_->dead.emplace_back(&idle);
    loop_.at_turn_end(*reaper_);
}

std::unique_ptr<net::Stream> Keep::take(std::uint64_t pool_key) {
    for (;;) {
        const auto found = ways_.find(pool_key);
        if (found == ways_.end() || found->second->empty()) {
            return nullptr;
        }
        const std::unique_ptr<Idle> idle(&found->second->front());
        found->second->pop_front();
        --count_;
        metrics_.idle.Decrement();
        std::unique_ptr<net::Stream> stream = std::move(idle->stream);
        stream->on_hangup(nullptr);
        // Bytes that nobody asked for poison a connection as surely as its end does.
        if (stream->reusable() && stream->poll_receive() == net::Errc::would_block) {
            metrics_.reused.Increment();
            return stream;
        }
    }
}

void Keep::put(std::uint64_t pool_key, std::unique_ptr<net::Stream> stream) {
    if (!stream->reusable() || !stream->input().empty() || count_ >= limits_.connections) {
        return;
    }
    auto idle = std::make_unique<Idle>(*this, pool_key, std::move(stream));
    auto& list = ways_[pool_key];
    if (!list) {
        list = std::make_unique<List>();
    }
    list->push_front(*idle.release());
    ++count_;
    metrics_.idle.Increment();
}

}  // namespace adit::backend
