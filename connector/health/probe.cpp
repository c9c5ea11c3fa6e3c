// Connecting, asking over either version of HTTP, and judging the answer; see probe.h.
#include "connector/health/probe.h"

#include <algorithm>

#include "common/base/random.h"
#include "common/base/time.h"
#include "common/net/alarm.h"
#include "connector/backend/established.h"
#include "connector/backend/shared_session.h"
#include "connector/health/grpc_health.h"
#include "connector/http/call.h"

namespace adit::health {
namespace {

using Trouble = std::optional<std::string>;

constexpr std::size_t kBodyMost = 256 * 1024;  ///< of an answer, that is searched for the expected text
constexpr std::string_view kGrpcStatus = "grpc-status";

/// What came of a question: head and body of an answer.
struct Answer {
    http::ResponseHead head;
    std::string body;
    std::string grpc_status;
};

/// The request of a check. Its views are of literals and of what outlives the probe.
void write_head(http::RequestHead& request, const config::Health& how, std::string_view user_agent, std::size_t body) {
    request.version = http::Version::http11;
    request.fields.push_back({"user-agent", user_agent});
    if (how.grpc) {
        request.method = "POST";
        request.path = kGrpcHealthPath;
        request.fields.push_back({"content-type", "application/grpc"});
        request.fields.push_back({"te", "trailers"});
        request.framing = {http::Framing::Kind::length, body};
        return;
    }
    request.method = "GET";
    const std::string_view target = how.http->path;
    request.path = target.substr(0, target.find('?'));
    request.query = target.substr(std::min(target.size(), target.find('?')));
    request.fields.push_back({"accept", "*/*"});
}

net::Task<Trouble> read_head(http::Call& call, http::ResponseHead& head) {
    net::Stream& origin = call.stream();
    for (;;) {
        const auto progress = call.take_head(head);
        if (!progress) {
            co_return progress.error().detail;
        }
        if (*progress == http::Call::Progress::head) {
            if (head.status >= 200) {
                co_return std::nullopt;
            }
            head.clear();
            continue;
        }
        // What has arrived counts before its end: an answer may be a head that ends the stream.
        const net::Status status = origin.poll_receive();
        if (status == net::Errc::would_block) {
            co_await origin.on_readable().wait();
        } else if (status) {
            const problem::Failure* refusal = origin.failure();
            co_return refusal != nullptr ? refusal->detail : "no answer: " + status.message();
        }
    }
}

net::Task<Trouble> read_body(http::Call& call, Answer& answer) {
    http::BodyReader body = call.answer_body(answer.head);
    while (!body.done()) {
        if (const net::Status ended = co_await body.wait()) {
            co_return "its answer ended early: " + ended.message();
        }
        const std::size_t n = body.available();
        if (answer.body.size() + n > kBodyMost) {
            co_return "its answer is larger than 256 KiB";
        }
        body.move_to(answer.body, n);
    }
    for (const http::Field& field : body.trailers()) {
        if (field.name == kGrpcStatus) {
            answer.grpc_status = field.value;
        }
    }
    co_return std::nullopt;
}

net::Task<Trouble> exchange(http::Call& call, const Question& question, std::string_view authority, Answer& answer) {
    const config::Health& how = *question.how;
    const std::string content = how.grpc ? grpc_health_request(how.grpc->service) : std::string();
    http::RequestHead request;
    write_head(request, how, question.user_agent, content.size());
    const std::string id = random_base62(20);
    using enum http::Disclosure::Hops;
    if (how.http && !how.http->host.empty()) {
        authority = how.http->host;
    }
    const http::Onward onward{
        .authority = authority, .client = {}, .disclosure = {off, off, false}, .request_id = id, .pseudonym = {}};
    if (!call.start(request, onward, content.empty())) {
        co_return "the connection has just ended";
    }
    if (!content.empty()) {
        call.body().append(content);
        call.body().finish();
    }
    static_cast<void>(co_await call.body().send());  // whoever reads finds out what became of it
    if (auto trouble = co_await read_head(call, answer.head)) {
        co_return trouble;
    }
    if (const http::Field* early = answer.head.find(kGrpcStatus)) {
        answer.grpc_status = early->value;  // the head's bytes go with the call
    }
    if (how.grpc || !how.http->body.empty()) {
        co_return co_await read_body(call, answer);
    }
    co_return std::nullopt;
}

Trouble judge_http(const config::HttpCheck& check, const Answer& answer) {
    const auto status = answer.head.status;
    const bool expected = std::ranges::any_of(
        check.statuses, [&](const auto& range) { return status >= range.first && status <= range.second; });
    if (!expected) {
        return "status " + std::to_string(status);
    }
    if (!check.body.empty() && !answer.body.contains(check.body)) {
        return "its answer does not contain the expected text";
    }
    return std::nullopt;
}

Trouble judge_grpc(const Answer& answer) {
    if (answer.head.status != 200) {
        return "status " + std::to_string(answer.head.status);
    }
    if (answer.grpc_status != "0") {
        return answer.grpc_status.empty() ? "no grpc-status in its answer" : "grpc-status " + answer.grpc_status;
    }
    const auto serving = grpc_health_response(answer.body);
    if (!serving) {
        return "its answer is no HealthCheckResponse";
    }
    return *serving == Serving::serving ? Trouble() : Trouble(std::string(name(*serving)));
}

/// Over HTTP/2 the connection is a session, which ends with the question.
net::Task<Trouble> ask(backend::Connected connected, const Question& question, std::string_view authority,
                       net::Time deadline, Answer& answer) {
    const bool http2 = connected.http2 || question.how->grpc || question.versions == backend::Versions::http2;
    if (!http2) {
        const net::AbortAt guard(*connected.stream, deadline);
        const auto call = http::http1_call(std::move(connected.stream));
        co_return co_await exchange(*call, question, authority, answer);
    }
    const auto shared = backend::SharedSession::start(std::move(connected.stream));
    h2::Session& session = shared->session();
    const net::AbortAt guard(session.transport(), deadline);
    while (!session.settled() && session.open_for_streams()) {
        co_await session.on_settled().wait();
    }
    Trouble trouble = "it does not begin to speak HTTP/2";
    if (session.settled() && session.open_for_streams()) {
        const auto call = http::http2_call(session);
        trouble = co_await exchange(*call, question, authority, answer);
    }
    session.close(net::Errc::end_of_stream);
    co_return trouble;
}

/// Along the way of the endpoint's requests.
net::Task<Trouble> ask_by_way(const Question& question, net::Time deadline) {
    const config::Health& how = *question.how;
    auto way = question.dialer->choose();
    if (!way && co_await question.dialer->await_way(deadline)) {
        way = question.dialer->choose();
    }
    if (!way) {
        co_return std::move(way.error().detail);
    }
    const auto versions = how.grpc                           ? backend::Versions::http2
                          : how.tcp || way->tls_name.empty() ? backend::Versions::http1
                                                             : question.versions;
    auto dialled = co_await question.dialer->dial(*way, versions, deadline);
    if (!dialled) {
        co_return std::move(dialled.error().detail);
    }
    if (auto failure = co_await backend::established(*dialled->stream, way->tunnel, deadline)) {
        co_return std::move(failure->detail);
    }
    if (how.tcp) {
        co_return std::nullopt;
    }
    Answer answer;
    if (auto trouble = co_await ask(std::move(*dialled), question, way->authority, deadline, answer)) {
        co_return trouble;
    }
    co_return how.grpc ? judge_grpc(answer) : judge_http(*how.http, answer);
}

}  // namespace

net::Task<std::optional<std::string>> probe(net::Loop& loop, Question question) {
    const net::Time deadline = loop.now() + question.how->timeout;
    auto trouble = co_await ask_by_way(question, deadline);
    if (trouble && loop.now() >= deadline) {
        co_return "no answer within " + format_duration(question.how->timeout);
    }
    co_return trouble;
}

}  // namespace adit::health
