// Gathering, sending and trying again; see pusher.h.
#include "connector/telemetry/pusher.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/net/backoff.h"
#include "common/net/spawn.h"
#include "connector/telemetry/delivery.h"

namespace adit::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr net::Backoff::Settings kBackoff{.base = 500ms, .cap = 30s, .stable = 0ms};
constexpr std::chrono::milliseconds kPauseLeast = 100ms;  ///< full jitter may say 0

}  // namespace

Pusher::Pusher(Settings settings, PostClient::Target target, std::unique_ptr<Load> load, Report report,
               net::Resolver& resolver)
    : settings_(std::move(settings)),
      load_(std::move(load)),
      report_(std::move(report)),
      worker_(0),
      event_(worker_.loop()),
      alarm_(worker_.loop(), event_),
      client_(worker_.loop(), resolver, std::move(target)) {
    load_->on_push([this] { worker_.post([this] { event_.wake(); }); });
    net::spawn(worker_.context(), "a log collector", run());
    worker_.start();
}

Pusher::~Pusher() {
    load_->on_push(nullptr);
    load_->close();
    worker_.stop();
    worker_.join();
    worker_.finish();
    if (in_hand_ > 0) {
        report_(0, in_hand_);
    }
    load_->discard();
}

void Pusher::close() {
    load_->on_push(nullptr);
    load_->close();
    worker_.post([this] {
        closing_ = true;
        event_.wake();
    });
}

bool Pusher::await_end(std::chrono::steady_clock::time_point deadline) {
    has_ended_ = has_ended_ || ended_.try_acquire_until(deadline);
    return has_ended_;
}

net::Task<> Pusher::run() {
    for (;;) {
        co_await gather();
        const Parcel parcel = load_->take(settings_.batch_bytes);
        if (parcel.records > 0) {
            co_await deliver(parcel);
        } else if (closing_) {
            break;
        }
    }
    ended_.release();
}

/// Until a batch is worth sending: it is large enough, or old enough, or the last.
net::Task<> Pusher::gather() {
    while (!closing_ && load_->waiting() == 0) {
        co_await event_.wait();
    }
    alarm_.set(worker_.loop().now() + settings_.batch_time);
    while (!closing_ && !alarm_.passed() && load_->waiting() < settings_.batch_bytes) {
        co_await event_.wait();
    }
}

net::Task<> Pusher::deliver(const Parcel& parcel) {
    net::Backoff backoff(kBackoff);
    in_hand_ = parcel.records;
    for (;;) {
        const auto reply = co_await client_.post(parcel.body, worker_.loop().now() + settings_.timeout);
        const Verdict verdict = judge(reply.status);
        if (verdict == Verdict::delivered) {
            complained_ = false;
            report_(parcel.records, 0);
            break;
        }
        complain(reply.problem);
        if (verdict == Verdict::refused || closing_) {
            report_(0, parcel.records);
            if (verdict == Verdict::again) {
                load_->discard();  // nobody is there to take it, and there is no time to wait for them
            }
            break;
        }
        const auto asked = retry_after(reply.retry_after, std::chrono::system_clock::now());
        co_await pause(std::max({asked, backoff.next(random_.uniform()), kPauseLeast}));
    }
    in_hand_ = 0;
}

/// Ends early when the pusher is closed.
net::Task<> Pusher::pause(std::chrono::milliseconds time) {
    alarm_.set(worker_.loop().now() + time);
    while (!closing_ && !alarm_.passed()) {
        co_await event_.wait();
    }
}

/// Once per trouble.
void Pusher::complain(const std::string& problem) {
    if (!std::exchange(complained_, true)) {
        logging::warn_of_sink("a collector does not take what it is sent",
                              {{"sink", settings_.name}, {"reason", problem}});
    }
}

}  // namespace adit::telemetry
