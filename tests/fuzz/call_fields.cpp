// Fields that decide how a call is treated, each with its own grammar: trace context, gRPC's deadline, the word of a
// chained connector, cookies, Basic, Max-Forwards and Retry-After. The first byte says which one the rest is.
#include <string>

#include "connector/http/date.h"
#include "connector/http/forward.h"
#include "connector/http/grpc.h"
#include "connector/http/parse.h"
#include "connector/http/query.h"
#include "connector/http/reply_time.h"
#include "connector/policy/basic_credentials.h"
#include "connector/route/chain.h"
#include "connector/route/cookie.h"
#include "connector/telemetry/trace_context.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;
using fuzz::demand;

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

void trace(std::string_view text) {
    if (const auto parent = telemetry::parse_traceparent(text)) {
        const std::string written = telemetry::format_traceparent(*parent);
        const auto again = telemetry::parse_traceparent(written);
        demand(
            again && again->trace == parent->trace && again->span == parent->span && again->sampled == parent->sampled,
            "a trace goes on as it came");
        demand(parent->trace != telemetry::TraceId() && parent->span != telemetry::SpanId(), "and has a name");
    }
}

void deadline(std::string_view text) {
    http::RequestHead request;
    request.fields.push_back({"grpc-timeout", text});
    if (const auto left = http::grpc_timeout(request)) {
        demand(left->count() >= 0, "a deadline is not before the call");
        const std::string written = http::grpc_timeout_text(*left);
        request.fields = {{"grpc-timeout", written}};
        const auto again = http::grpc_timeout(request);
        demand(again && *again <= *left, "and never further away for the next one");
    }
    static_cast<void>(http::grpc_code(text));
    const std::string message = http::grpc_message(text);
    demand(message.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a message is one line");
}

void hop(std::string_view text) {
    static const route::Chain chain(Secret("a key of the fleet"));
    demand(!chain.read(text, "req_fuzz", kNow), "nobody else has signed anything that is good here");
    fuzz::Input decisions(text);
    const route::Hop said{
        .attempt = decisions.number(4),
        .retries = decisions.flag(),
        .left = decisions.flag() ? std::optional(std::chrono::milliseconds(decisions.number(4))) : std::nullopt};
    const std::string signed_word = chain.sign(said, "req_fuzz", kNow);
    const auto read = chain.read(signed_word, "req_fuzz", kNow);
    demand(!read || *read == said, "a hop's word is what it said");
    demand(!chain.read(signed_word, "req_other", kNow), "and is for no other request");
    std::string altered = signed_word;
    altered[decisions.byte() % altered.size()] ^= static_cast<char>(1 + decisions.below(127));
    demand(!chain.read(altered, "req_fuzz", kNow), "nor in other words");
}

void cookies(std::string_view text) {
    http::RequestHead request;
    request.fields.push_back({"cookie", text});
    for (const std::string_view name : {"a", "adit", ""}) {
        if (const auto value = route::cookie(request, name)) {
            demand(value->data() >= text.data() && value->data() + value->size() <= text.data() + text.size(),
                   "a cookie is a part of its field");
            demand(!value->contains(';'), "and of no other one");
        }
    }
}

void basic(std::string_view text) {
    const auto read = policy::BasicCredentials::read(text);
    demand(!read || !read->user().contains(':'), "a user's name ends at the first colon");
    demand(read.has_value() || std::string_view(read.error()).size() > 0, "bad ones are told why");
}

void hops(std::string_view text) {
    http::RequestHead request;
    request.bytes() = "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: " + std::string(text) + "\r\n\r\n";
    if (!http::parse_request(request, {})) {
        return;
    }
    const auto left = http::hops_left(request);
    std::string out;
    http::append_request(out, request, {.authority = "a", .client = "::1", .request_id = "r", .pseudonym = "p"});
    http::RequestHead again;
    again.bytes() = out;
    demand(http::parse_request(again, {}).has_value(), "it goes on");
    const auto then = http::hops_left(again);
    demand(!left || *left == 0 || (then && *then == *left - 1), "each hop counts");
    demand(!http::seen_before(request, "p") && http::seen_before(again, "p"), "and is known by its name");
}

void times(std::string_view text) {
    if (const auto date = http::parse_date(text, kNow)) {
        const auto again = http::parse_date(http::format_date(*date), kNow);
        demand(again == date, "a date that we write is the one that we read");
    }
    if (const auto wait = http::retry_after(text, kNow)) {
        demand(wait->count() >= 0, "nobody asks to wait backwards");
    }
}

void queries(std::string_view text) {
    static constexpr std::array<std::string_view, 2> kNames{"api_key", "a b"};
    const std::string without = http::without_parameters(text, kNames);
    demand(without.size() <= text.size() + 1, "what is taken out makes it shorter");
    for (const std::string_view name : kNames) {
        demand(!http::parameter(without, name), "what was taken out is gone, however it was escaped");
    }
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    static constexpr std::array kFields{trace, deadline, hop, cookies, basic, hops, times, queries};
    Input decisions(input);
    const auto field = decisions.choice(kFields);
    field(decisions.rest());
}
