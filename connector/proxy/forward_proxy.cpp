// The life of a request to a forward proxy; see forward_proxy.h.
#include "connector/proxy/forward_proxy.h"

#include "common/base/encoding.h"
#include "common/base/time.h"
#include "connector/access/rule.h"
#include "connector/http/forward.h"
#include "connector/policy/access_record.h"
#include "connector/telemetry/trace_context.h"

namespace adit::proxy {
namespace {

constexpr int kAttemptsMost = 3;  ///< of one CONNECT, each by another way

/// RFC 9110 §15.5.8: a 407 has a challenge. Where policies have none of their own, as for API keys, they are shown so.
constexpr std::string_view kBasic = "Basic realm=\"adit\"";

/// Adds the challenges to a 407 (RFC 9110 §11.7.1).
class Challenges final : public http::AnswerFilter {
  public:
    Challenges(http::Exchange& exchange, const std::vector<std::string>& values)
        : exchange_(exchange), values_(values) {
        exchange_.answer_filter = this;
    }
    ~Challenges() { exchange_.answer_filter = nullptr; }

  private:
    void filter(http::ResponseHead& response, http::Exchange&) override {
        for (const std::string& value : values_) {
            response.fields.push_back({"proxy-authenticate", value});
        }
    }
    http::Exchange& exchange_;
    const std::vector<std::string>& values_;
};

/// A CONNECT in the gauge of its service's connections.
class Active {
  public:
    explicit Active(backend::Backend& backend) : gauge_(backend.metrics().active) { gauge_.Increment(); }
    ~Active() { gauge_.Decrement(); }

  private:
    metrics::Gauge& gauge_;
};

access::Target access_target(const tunnel::ServiceEntry& service) {
    return {.route = kRoute, .service = service.name, .tunnel = service.tunnel_name};
}

}  // namespace

void ForwardProxy::serve_by(std::shared_ptr<const Terms> terms) {
    terms_ = std::move(terms);
    origins_.clear();  // their timeouts may be others now
}

net::Task<> ForwardProxy::handle(http::Exchange& exchange) {
    Story story;
    story.terms = terms_;
    story.tracked = tracer_.begin(exchange.request);
    if (story.tracked && story.tracked->ours) {
        story.trace.traceparent = telemetry::format_traceparent(story.tracked->self);
    }
    story.failure = exchange.refused ? std::move(exchange.refused) : co_await serve(exchange, story);
    if (story.failure) {
        // A client that did not wait for a 200 has sent bytes that are no request of HTTP, whatever they look like.
        exchange.keep_alive = exchange.keep_alive && exchange.request.form != http::TargetForm::authority;
        const Challenges challenges(exchange, story.challenges);
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
    if (auto failure = co_await authenticate(exchange, story)) {
        co_return failure;
    }
    co_return story.target.connect ? co_await connect(exchange, story) : co_await forward(exchange, story);
}

/// Who calls; 407 with the challenges where nobody is known.
net::Task<std::optional<problem::Failure>> ForwardProxy::authenticate(http::Exchange& exchange, Story& story) {
    const policy::Authentication& ways = *story.terms->authentication;
    net::Loop& loop = exchange.client().loop();
    const policy::Visit visit{.request = exchange.request,
                              .client_ip = exchange.client_ip,
                              .loop = loop,
                              .now = std::chrono::system_clock::now(),
                              .deadline = loop.now() + story.terms->timeouts.connect,
                              .proxy = true};
    policy::Inquiry inquiry;
    while (!ways.proceed(visit, inquiry)) {
        co_await ways.wait(visit, inquiry);
    }
    story.caller = std::move(inquiry.caller);
    if (story.caller) {
        co_return std::nullopt;
    }
    story.challenges = ways.challenges(inquiry);
    if (story.challenges.empty()) {
        story.challenges.emplace_back(kBasic);
    }
    problem::Failure failure = ways.failure(inquiry);
    failure.status = 407;
    co_return failure;
}

/// The first service at the target that the caller may use. Looked for anew before each try, since tunnels change.
std::expected<Candidate, problem::Failure> ForwardProxy::find(Story& story) const {
    story.denied = "no tunnel exposes a service at " + story.target.at.text();
    bool first = true;
    for (const Candidate& candidate : candidates(*pool_.table(), story.target)) {
        access::Verdict verdict = access::decide(*story.caller, access_target(*candidate.service));
        if (verdict.allowed) {
            story.denied.clear();
            return candidate;
        }
        if (std::exchange(first, false)) {
            story.denied = std::move(verdict.reason);
        }
    }
    return std::unexpected(problem::access_denied("no service that you may use is at " + story.target.at.text()));
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
    co_return co_await route::forward(exchange, *story.origin, story.trace);
}

void ForwardProxy::conclude(const http::Exchange& exchange, const Story& story) {
    const net::Time now = net::Clock::now();
    policy::AccessRecord record = policy::access_record(exchange, story.trace, now);
    record.route = kRoute;
    record.bytes_in += story.carried.forth;
    record.bytes_out += story.carried.back;
    record.path = story.target.path.empty() ? record.path : story.target.path;
    RouteMetrics& metrics = *story.terms->metrics;
    metrics.finished(exchange.status, record.duration, record.bytes_in, record.bytes_out);
    if (story.failure) {
        record.error = problem::name(story.failure->error);
        record.reason = story.denied.empty() ? story.failure->detail : story.denied;
        metrics.failed(story.failure->code);
    } else if (!story.trace.broken.empty()) {
        record.reason = story.trace.broken;
        metrics.failed("cut-off");
    }
    const bool traced = story.tracked && story.tracked->ours && story.tracked->self.sampled;
    const std::string trace_id = story.tracked ? hex_encode(story.tracked->self.trace) : std::string();
    record.trace_id = trace_id;
    log_.write(record);
    if (traced) {
        tracer_.finish(*story.tracked, record, exchange.settings.tls, exchange.started, now, story.trace);
    }
}

}  // namespace adit::proxy
