// Keeping a copy while it grows, and carrying it; see mirror.h.
#include "connector/route/mirror.h"

#include <utility>

#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "connector/route/forward.h"

namespace adit::route {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLongest = 60s;  ///< of a copy's exchange, whatever its backend's timeouts say
constexpr std::size_t kAnswerMost = 1024 * 1024;     ///< of a discarded answer: more costs others their bandwidth

}  // namespace

MirrorSlot::MirrorSlot(std::shared_ptr<MirrorMetrics> metrics, std::uint32_t most) {
    if (metrics->in_flight.fetch_add(1, std::memory_order_relaxed) < most) {
        metrics_ = std::move(metrics);
    } else {
        metrics->in_flight.fetch_sub(1, std::memory_order_relaxed);
    }
}

MirrorSlot::~MirrorSlot() {
    if (metrics_) {
        metrics_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    }
}

struct Mirror::Copy {
    MirrorSlot slot;
    std::shared_ptr<backend::Backend> backend;
    http::RequestCopy request;
    Passage passage;
    std::string traceparent;
};

Mirror::Mirror(http::Exchange& exchange, const config::Mirror& rule, std::string_view route, Passage passage,
               std::string traceparent, std::shared_ptr<backend::Backend> backend,
               const std::shared_ptr<MirrorMetrics>& metrics)
    : body_(exchange.body), body_most_(rule.body_bytes) {
    if (!exchange.request.upgrade.empty()) {
        metrics->skipped(MirrorMetrics::Skip::upgrade);  // what follows is no request
        return;
    }
    if (body_.framing().length > body_most_) {
        metrics->skipped(MirrorMetrics::Skip::body);
        return;
    }
    MirrorSlot slot(metrics, rule.in_flight);
    if (!slot) {
        metrics->skipped(MirrorMetrics::Skip::busy);
        return;
    }
    // NOLINTNEXTLINE(modernize-make-unique): a RequestCopy is made in its place, it cannot be moved there
    copy_ = std::unique_ptr<Copy>(new Copy{std::move(slot), std::move(backend),
                                           http::RequestCopy(exchange, {kMirrorField, route, http::Known::own}),
                                           std::move(passage), std::move(traceparent)});
    if (body_.done()) {
        passed();
        return;
    }
    body_.add(*this);
    tapping_ = true;
}

Mirror::~Mirror() {
    if (tapping_) {
        body_.remove(*this);
    }
    if (copy_) {
        skip(MirrorMetrics::Skip::incomplete);
    }
}

void Mirror::skip(MirrorMetrics::Skip why) {
    copy_->slot.metrics().skipped(why);
    copy_.reset();
}

void Mirror::passing(const net::Chain& bytes, std::size_t n) {
    if (!copy_) {
        return;
    }
    if (copy_->request.body_bytes() + n > body_most_) {
        return skip(MirrorMetrics::Skip::body);
    }
    copy_->request.append(bytes, n);
}

void Mirror::passed() {
    if (copy_) {
        boost::asio::io_context& context = copy_->request.loop().context();
        net::spawn(context, "a mirrored request", carry(std::move(copy_)));
    }
}

net::Task<> Mirror::carry(std::unique_ptr<Copy> copy) {
    http::Exchange& exchange = copy->request.exchange(kAnswerMost);
    const net::AbortAt guard(exchange.client(), copy->request.loop().now() + kLongest);
    Trace trace;
    trace.traceparent = copy->traceparent;
    const Plan plan{.timeouts = copy->backend->timeouts, .retries = false};
    const auto failure = co_await forward(exchange, *copy->backend, copy->passage, trace, plan);
    MirrorMetrics& metrics = copy->slot.metrics();
    if (exchange.client().status() == net::Errc::timed_out) {
        metrics.failed("timeout");
    } else if (failure && failure->code == problem::Code("access-denied")) {
        metrics.skipped(MirrorMetrics::Skip::access);
    } else if (failure) {
        metrics.failed(failure->code);
    } else if (exchange.truncated() && !copy->request.had_enough()) {
        metrics.failed("cut-off");
    } else {
        metrics.sent.Increment();
    }
}

}  // namespace adit::route
