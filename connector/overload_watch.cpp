// Readings, four times a second; see overload_watch.h.
#include "connector/overload_watch.h"

#include <algorithm>

namespace adit {
namespace {

using namespace std::chrono_literals;
using resilience::Level;
using resilience::Resource;

constexpr auto kInterval = 250ms;
constexpr double kMiB = 1 << 20;

std::string mebibytes(const Use& use) {
    const auto in_mib = [](std::uint64_t bytes) {
        return std::to_string(static_cast<std::uint64_t>(static_cast<double>(bytes) / kMiB));
    };
    return in_mib(use.used) + " of " + in_mib(use.most) + " MiB";
}

std::string of_counts(std::uint64_t used, std::uint64_t most) {
    return std::to_string(used) + (most == 0 ? std::string() : " of " + std::to_string(most));
}

std::string milliseconds(std::chrono::nanoseconds time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

double ratio(std::chrono::nanoseconds part, std::chrono::nanoseconds all) {
    return all.count() == 0 ? 0 : static_cast<double>(part.count()) / static_cast<double>(all.count());
}

}  // namespace

OverloadWatch::OverloadWatch(resilience::Overload& overload, ShedMetrics& metrics, event::Hub& events,
                             std::vector<net::Worker*> workers)
    : overload_(overload), metrics_(metrics), events_(events), workers_(std::move(workers)) {
    std::ranges::generate_n(std::back_inserter(pings_), static_cast<std::ptrdiff_t>(workers_.size()),
                            [] { return std::make_shared<Ping>(); });
}

OverloadWatch::~OverloadWatch() {
    stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void OverloadWatch::start() {
    thread_ = std::thread([this] { run(); });
}

void OverloadWatch::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    stirred_.notify_all();
}

std::vector<ResourceStanding> OverloadWatch::standings() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

void OverloadWatch::run() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
        lock.unlock();
        look();
        lock.lock();
        stirred_.wait_for(lock, kInterval, [this] { return stopped_; });
    }
}

/// How long the worker's last answer took, or the one has taken that is still awaited.
OverloadWatch::Lag OverloadWatch::lag_of(std::size_t worker, Time now) {
    const std::shared_ptr<Ping>& ping = pings_[worker];
    if (ping->under_way.load(std::memory_order_acquire)) {
        return std::max(ping->took.load(std::memory_order_relaxed), Lag(now - ping->asked));
    }
    ping->asked = now;
    ping->under_way.store(true, std::memory_order_relaxed);
    const Lag last = ping->took.load(std::memory_order_relaxed);
    workers_[worker]->post([ping, now] {
        ping->took.store(std::chrono::steady_clock::now() - now, std::memory_order_relaxed);
        ping->under_way.store(false, std::memory_order_release);
    });
    return last;
}

void OverloadWatch::look() {
    const Time now = std::chrono::steady_clock::now();
    const config::Shed settings = overload_.settings();
    const Use memory = settings.memory > 0 ? use_.memory_of(settings.memory) : use_.memory();
    const Use descriptors = use_.descriptors();
    std::vector<Lag> lags;
    lags.reserve(workers_.size());
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        lags.push_back(lag_of(i, now));
    }
    overload_.update({.memory = memory.share(), .descriptors = descriptors.share()}, lags);
    const auto levels = overload_.levels();
    if (levels[static_cast<std::size_t>(Resource::memory)] > Level::none) {
        free_memory_.give_back(now);
    } else {
        free_memory_.look(now);
    }
    const Lag worst = *std::ranges::max_element(lags);
    const auto row = [&](Resource resource, double share, std::string words) {
        return ResourceStanding{name(resource), name(levels[static_cast<std::size_t>(resource)]), share,
                                std::move(words)};
    };
    const std::uint32_t requests = overload_.in_progress();
    tell({row(Resource::memory, memory.share(), mebibytes(memory)),
          row(Resource::descriptors, descriptors.share(), of_counts(descriptors.used, descriptors.most)),
          row(Resource::lag, ratio(worst, settings.lag),
              milliseconds(worst) + " of " + milliseconds(settings.lag) + " ms"),
          row(Resource::requests, Use{requests, settings.requests}.share(), of_counts(requests, settings.requests))},
         lags);
}

/// To metrics, and to whoever asks for the status.
void OverloadWatch::tell(const std::vector<ResourceStanding>& seen, const std::vector<Lag>& lags) {
    const auto levels = overload_.levels();
    for (std::size_t i = 0; i < seen.size(); ++i) {
        metrics_.show(i + 1, seen[i].share, static_cast<int>(levels[i + 1]));
    }
    for (std::size_t i = 0; i < lags.size(); ++i) {
        metrics_.show_lag(i, std::chrono::duration<double>(lags[i]).count());
    }
    metrics_.show_requests(overload_.in_progress());
    tell_change(seen);
    const std::lock_guard lock(mutex_);
    seen_ = seen;
}

/// An event when shedding begins or ends, and when it reaches further or less far.
void OverloadWatch::tell_change(const std::vector<ResourceStanding>& seen) {
    const resilience::Overload::Standing worst = overload_.worst();
    if (worst.level == told_) {
        return;
    }
    told_ = worst.level;
    if (worst.level == Level::none) {
        events_.tell({.kind = event::Kind::shed_off, .subject = "connector", .reason = "nothing is short any more"});
        return;
    }
    const std::string resource(name(worst.resource));
    const auto of = std::ranges::find(seen, resource, &ResourceStanding::resource);
    const std::string used = of == seen.end() ? std::string() : of->words;
    events_.tell(
        {.kind = event::Kind::shed_on,
         .subject = "connector",
         .reason = resource + " is short: " + used,
         .details = {{"resource", resource}, {"up_to_priority", std::string(name(worst.level))}, {"used", used}}});
}

}  // namespace adit
