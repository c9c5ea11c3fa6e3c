// The life of a request to a forward proxy; see forward_proxy.h.
#include "connector/proxy/forward_proxy.h"

#include "common/base/encoding.h"
#include "common/base/time.h"
#include "common/log/log.h"
#include "connector/access/rule.h"
#include "connector/http/forward.h"
#include "connector/policy/access_record.h"
#include "connector/telemetry/trace_context.h"

namespace adit::proxy {
namespace {

constexpr int kAttemptsMost = 3;  ///< of one CONNECT, each by another way

/// A CONNECT in the gauge of its service's connections.
class Active {
  public:
    explicit Active(backend::Backend& backend) : gauge_(backend.metrics().active) { gauge_.Increment(); }
    ~Active() { gauge_.Decrement(); }

  private:
    metrics::Gauge& gauge_;
};

/// The same whether there is no such service or another's, so that names cannot be tried.
problem::Failure denied(const Target& target) {
    return problem::access_denied("no service that you may use is at " + target.at.text());
}

}  // namespace

Terms::Terms(std::optional<policy::Authentication> authentication, std::optional<access::Rules> own,
             std::shared_ptr<const config::Access> services, const backend::Timeouts& times,
             std::chrono::milliseconds silence, std::shared_ptr<RouteMetrics> counted)
    : rules(std::move(own)),
      entrance(kRoute, std::move(authentication), rules ? &*rules : nullptr, false, http::Role::proxy),
      access(std::move(services)),
      timeouts(times),
      idle(silence),
      metrics(std::move(counted)) {}

void ForwardProxy::serve_by(std::shared_ptr<const Terms> terms) {
    terms_ = std::move(terms);
    origins_.clear();  // their timeouts may be others now
}

net::Task<> ForwardProxy::handle(http::Exchange& exchange) {
    Story story;
    story.terms = terms_;
    story.admission.passage.access = terms_->access.get();
    story.admission.passage.hold = terms_;
    story.tracked = tracer_.begin(exchange.request);
    if (story.tracked && story.tracked->ours) {
        story.trace.traceparent = telemetry::format_traceparent(story.tracked->self);
    }
    story.failure = exchange.refused ? std::move(exchange.refused) : co_await serve(exchange, story);
    if (story.failure) {
        // A client that did not wait for a 200 has sent bytes that are no request of HTTP, whatever they look like.
        exchange.keep_alive = exchange.keep_alive && exchange.request.form != http::TargetForm::authority;
        co_await exchange.answer(*story.failure);
    }
    conclude(exchange, story);
}

net::Task<std::optional<problem::Failure>> ForwardProxy::serve(http::Exchange& exchange, Story& story) {
    auto target = target_of(exchange.request);
    if (!target) {
        co_return std::move(target.error());
    }
    story.target = std::move(*target);
    if (auto failure = story.presence.emplace(shedding_).enter(exchange, config::Priority::normal, story.effects)) {
        co_return failure;
    }
    if (auto failure = co_await story.terms->entrance.admit(exchange, story.admission)) {
        co_return failure;
    }
    co_return story.target.connect ? co_await connect(exchange, story) : co_await forward(exchange, story);
}

/// The first service at the target that the caller may use. Looked for anew before each try, since tunnels change.
std::expected<Candidate, problem::Failure> ForwardProxy::find(Story& story) const {
    story.denied = "no tunnel exposes a service at " + story.target.at.text();
    bool first = true;
    for (const Candidate& candidate : candidates(*pool_.table(), story.target)) {
        const tunnel::ServiceEntry& service = *candidate.service;
        access::Verdict verdict = story.admission.passage.decide({.service = service.name,
                                                                  .tunnel = service.tunnel_name,
                                                                  .rules = service.rules ? &*service.rules : nullptr});
        if (verdict.allowed) {
            story.denied.clear();
            return candidate;
        }
        if (std::exchange(first, false)) {
            story.denied = std::move(verdict.reason);
        }
    }
    return std::unexpected(denied(story.target));
}

net::Task<std::optional<problem::Failure>> ForwardProxy::connect(http::Exchange& exchange, Story& story) {
    if (http::seen_before(exchange.request, exchange.settings.pseudonym)) {
        co_return problem::loop_detected(exchange.settings.pseudonym);
    }
    net::Loop& loop = exchange.client().loop();
    const net::Time deadline = loop.now() + story.terms->timeouts.connect;
    for (int attempt = 1;; ++attempt) {
        const auto found = find(story);
        if (!found) {
            co_return found.error();
        }
        story.origin = origins_.at(found->service->name, story.terms->timeouts);
        auto line = co_await dial(*story.origin, loop, story.trace, deadline);
        if (line) {
            co_await carry(exchange, story, std::move(*line));
            co_return std::nullopt;
        }
        if (line.error().final_here || attempt == kAttemptsMost || loop.now() >= deadline) {
            co_return std::move(line.error());
        }
    }
}

/// Bytes both ways until both ended. What the client has sent behind its CONNECT already goes first.
net::Task<> ForwardProxy::carry(http::Exchange& exchange, Story& story, Line line) {
    const Active active(*story.origin);
    exchange.answer_connect();
    if (co_await exchange.out.send()) {
        story.trace.broken = "the client closed its connection";
        exchange.truncate();
        co_return;
    }
    net::Stream& client = exchange.client();
    story.carried = co_await net::join(client, *line.stream, story.terms->idle);
    if (story.carried.why) {
        story.trace.broken = story.carried.why == net::Errc::timed_out
                                 ? "no bytes moved within " + format_duration(story.terms->idle)
                                 : "the connection broke: " + story.carried.why.message();
        client.reset_on_close();
        exchange.truncate();
    }
}

net::Task<std::optional<problem::Failure>> ForwardProxy::forward(http::Exchange& exchange, Story& story) {
    if (http::hops_left(exchange.request) == 0) {
        co_await exchange.answer(http::Exchange::Whole{});  // asked about us, and not about who is behind us
        co_return std::nullopt;
    }
    const auto found = find(story);
    if (!found) {
        co_return found.error();
    }
    if (found->service->scheme == "https") {
        co_return problem::bad_request(
            400, "use-connect",
            "the service at " + story.target.at.text() + " speaks TLS, which is the client's to begin: use CONNECT");
    }
    exchange.request.path = found->path;
    story.origin = origins_.at(found->service->name, story.terms->timeouts);
    auto failure = co_await route::forward(exchange, *story.origin, story.admission.passage, story.trace,
                                           {.timeouts = story.terms->timeouts});
    if (!story.trace.denied.empty()) {  // the rules have just changed
        story.denied = story.trace.denied;
        failure = denied(story.target);
    }
    co_return failure;
}

void ForwardProxy::tell_denial(const http::Exchange& exchange, const Story& story) {
    const std::string& words = story.denied.empty() ? story.admission.denied : story.denied;
    if (words.empty()) {
        return;
    }
    story.terms->metrics->denied(story.denied.empty() ? "route" : "service");
    const access::Caller& caller = *story.admission.passage.caller;
    logging::warn("access denied", {{"consumer", caller.consumer},
                                    {"environment", caller.environment},
                                    {"by", caller.by},
                                    {"route", kRoute},
                                    {"target", story.target.at.text()},
                                    {"rule", words},
                                    {"client", exchange.client_ip},
                                    {"request_id", exchange.request_id}});
}

void ForwardProxy::conclude(const http::Exchange& exchange, const Story& story) {
    tell_denial(exchange, story);
    const net::Time now = net::Clock::now();
    policy::AccessRecord record = policy::access_record(exchange, story.trace, now);
    record.route = kRoute;
    record.bytes_in += story.carried.forth;
    record.bytes_out += story.carried.back;
    record.path = story.target.path.empty() ? record.path : story.target.path;
    if (const access::Caller* caller = story.admission.passage.caller.get()) {
        record.consumer = caller->consumer;
        record.environment = caller->environment;
    }
    RouteMetrics& metrics = *story.terms->metrics;
    metrics.finished(exchange.status, record.duration, record.bytes_in, record.bytes_out);
    if (story.failure) {
        record.error = problem::name(story.failure->error);
        record.code = story.failure->code;
        record.reason = story.denied.empty() ? story.failure->detail : story.denied;
        metrics.failed(story.failure->code);
    } else if (!story.trace.broken.empty()) {
        record.reason = story.trace.broken;
        metrics.failed(exchange.out.too_slow() ? "slow-reader" : "cut-off");
    }
    const bool traced = story.tracked && story.tracked->ours && story.tracked->self.sampled;
    const std::string trace_id = story.tracked ? hex_encode(story.tracked->self.trace) : std::string();
    record.trace_id = trace_id;
    record.effects = &story.effects;
    log_.write(record);
    if (traced) {
        tracer_.finish(*story.tracked, record, exchange.settings.tls, exchange.started, now, story.trace);
    }
}

}  // namespace adit::proxy
