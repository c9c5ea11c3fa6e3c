// Looking, waiting, asking; what answers teach is in caching_answers.cpp; see caching.h.
#include "connector/policy/caching.h"

#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "common/net/alarm.h"

namespace adit::policy {
namespace {

using cache::Landing;
using cache::Use;

constexpr int kRoundsMost = 3;  ///< of waiting for others, before a request goes by itself
constexpr std::size_t kSlice = 64 * 1024;
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);  ///< for a slice, where idling is not bounded

bool safe(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

problem::Failure not_cached() {
    problem::Failure failure;
    failure.error = problem::ProxyError::http_request_denied;
    failure.status = 504;
    failure.code = kNotCached;
    failure.detail = "the request wants a stored answer only (only-if-cached), and there is none that it may have";
    failure.refused_here = true;
    return failure;
}

}  // namespace

Caching::Caching(http::Exchange& exchange, const Means& means, Effects& effects)
    : exchange_(exchange),
      means_(means),
      effects_(effects),
      asked_(cache::request_control(exchange.request)),
      key_(cache::make_key(means.key)),
      loop_(exchange.client().loop()) {}

Caching::~Caching() {
    restore_request();
    if (result_ != nullptr) {
        result_->Increment();
    }
}

/// What came of the request, as far as is known now.
void Caching::note(metrics::Counter& result, std::string_view word, std::string_view detail) {
    result_ = &result;
    effects_.cache = word;
    effects_.cache_detail = detail;
}

bool Caching::concerned() {
    const http::RequestHead& request = exchange_.request;
    if (means_.settings == nullptr) {
        return false;
    }
    if (cache::concerns(request) && !cache::has_foreign_conditions(request)) {
        return true;
    }
    marking_.fwd = safe(request.method) ? "bypass" : "method";
    note(means_.metrics->bypass, "bypass");
    return false;
}

/// What passes for this request passes for those that show as much of who asks, and for no others.
std::string Caching::kind() const {
    std::string kind = key_.text;
    kind += means_.asker.authorized ? "\x1d"
                                      "a"
                                    : "\x1d";
    kind += exchange_.request.find("cookie") != nullptr ? "c" : "";
    return kind;
}

/// What is stored for the request, and what may be done with it.
Use Caching::look() {
    auto found = means_.cache.store.find(key_, shown());
    entry_ = std::move(found.entry);
    if (!entry_) {
        marking_.fwd = found.others ? "vary-miss" : "uri-miss";
        return Use::validate_stale;
    }
    const Use use = cache::judge(*entry_, asked_, *means_.settings, loop_.now());
    marking_.fwd = use == Use::validate_wish ? "request" : "stale";
    return use;
}

net::Task<Caching::Next> Caching::begin(Time until) {
    if (!concerned()) {
        co_return Next::ask;
    }
    for (int round = 0;; ++round) {
        const Use use = look();
        if (use == Use::serve) {
            note(means_.metrics->hit, "hit");
            marking_.hit = true;
            co_await serve();
            co_return Next::answered;
        }
        if (use == Use::serve_and_revalidate) {
            co_return Next::revalidate;
        }
        if (asked_.only_if_cached) {
            co_return refuse(not_cached());
        }
        // Who wants the origin's own word, nothing stored, only a head, or an answer under conditions of his own, asks
        // for himself.
        const bool by_himself = use == Use::validate_wish || asked_.no_store || exchange_.request.method == "HEAD" ||
                                (!entry_ && cache::is_conditional(exchange_.request));
        if (by_himself || round == kRoundsMost || means_.cache.flights.passes(kind(), loop_.now())) {
            co_return ask();
        }
        auto boarding = means_.cache.flights.board(key_.text);
        if (boarding.lead) {
            lead_ = std::move(boarding.lead);
            if (!catches_up()) {
                co_return ask();
            }
            continue;
        }
        if (const auto next = co_await follow(std::move(boarding.flight), until)) {
            co_return *next;
        }
    }
}

/// Whether somebody has stored it between our look and our lead.
bool Caching::catches_up() {
    const auto found = means_.cache.store.find(key_, shown()).entry;
    if (!found || found == entry_ || cache::judge(*found, asked_, *means_.settings, loop_.now()) != Use::serve) {
        return false;
    }
    lead_.land({.end = Landing::End::stored, .entry = found});
    return true;
}

/// What another's request means to this one; nothing: it looks again.
net::Task<std::optional<Caching::Next>> Caching::follow(std::shared_ptr<cache::Flight> flight, Time until) {
    has_followed_ = true;
    Landing landing = co_await cache::Flight::wait(std::move(flight), loop_, until);
    if (landing.end == Landing::End::stored && cache::selects(landing.entry->selecting(), shown())) {
        entry_ = std::move(landing.entry);
        marking_.collapsed = true;
        note(means_.metrics->collapsed, "collapsed");
        co_await serve();
        co_return Next::answered;
    }
    if (landing.end == Landing::End::failed) {
        if (may_stand_in()) {
            marking_.collapsed = true;
            marking_.detail = "stale-if-error";
            note(means_.metrics->stale, "stale", marking_.detail);
            co_await serve();
            co_return Next::answered;
        }
        co_return landing.failure ? refuse(std::move(*landing.failure)) : ask();
    }
    if (landing.end == Landing::End::alone || landing.end == Landing::End::slow) {
        co_return ask();
    }
    co_return std::nullopt;
}

Caching::Next Caching::refuse(problem::Failure failure) {
    note(means_.metrics->miss, "miss", marking_.fwd);
    failure_ = std::move(failure);
    return Next::refuse;
}

Caching::Next Caching::ask() {
    note(means_.metrics->miss, "miss", marking_.fwd);
    moment_.requested = loop_.now();
    if (entry_ && entry_->has_validator() && exchange_.request.method == "GET") {
        add_validators();
    }
    return Next::ask;
}

/// RFC 9111 §4.3.1: the origin is asked whether ours is still good, whatever the client asked of his own copy.
void Caching::add_validators() {
    std::vector<http::Field>& fields = exchange_.request.fields;
    request_.emplace(exchange_.request);
    validating_ = true;
    std::erase_if(fields, [](const http::Field& field) {
        return iequals(field.name, "if-none-match") || iequals(field.name, "if-modified-since");
    });
    if (!entry_->etag().empty()) {
        fields.push_back({"if-none-match", entry_->etag(), http::Known::own});
    }
    if (!entry_->last_modified().empty()) {
        fields.push_back({"if-modified-since", entry_->last_modified(), http::Known::own});
    }
}

void Caching::restore_request() {
    if (request_) {
        request_->restore(exchange_.request);
        request_.reset();
    }
}

bool Caching::begin_renewal(const Caching& other) {
    auto boarding = means_.cache.flights.board(key_.text);
    if (!boarding.lead) {
        return false;
    }
    lead_ = std::move(boarding.lead);
    entry_ = other.entry_;
    if (catches_up()) {
        return false;
    }
    marking_.fwd = "stale";
    ask();
    result_ = nullptr;  // nobody's request
    return true;
}

net::Task<> Caching::serve_stale() {
    marking_.hit = true;
    marking_.detail = "stale-while-revalidate";
    note(means_.metrics->stale, "stale", marking_.detail);
    co_await serve();
}

bool Caching::may_stand_in() const {
    return entry_ && cache::stands_in(*entry_, asked_, *means_.settings, loop_.now());
}

void Caching::mark(http::ResponseHead& answer) {
    if (means_.settings == nullptr) {
        return;
    }
    marking_text_ = cache::text(marking_);
    answer.fields.push_back({"cache-status", marking_text_, http::Known::own});
}

/// Answers with what is stored.
net::Task<> Caching::serve() {
    restore_request();
    const cache::Freshness& freshness = entry_->freshness();
    const Time now = loop_.now();
    const bool head = exchange_.request.method == "HEAD";
    const bool unchanged = cache::not_modified(*entry_, exchange_.request);
    http::ResponseHead answer;
    if (unchanged) {
        entry_->describe_not_modified(answer);
    } else {
        entry_->describe(answer, head);
    }
    age_text_ = std::to_string(std::chrono::floor<std::chrono::seconds>(freshness.age(now)).count());
    answer.fields.push_back({"age", age_text_, http::Known::own});
    marking_.ttl = freshness.left(now);
    mark(answer);
    exchange_.via = means_.via;
    exchange_.answer(answer);
    if (head || unchanged) {
        co_await exchange_.out.send();
    } else {
        co_await send_body();
    }
}

/// Piece by piece, as the client takes it.
net::Task<> Caching::send_body() {
    http::BodyWriter& out = exchange_.out;
    const auto allowed = means_.idle.count() > 0 ? means_.idle : kLongest;
    net::AbortAt guard(exchange_.client(), loop_.now() + allowed);
    for (std::string_view left = entry_->body(); !left.empty();) {
        out.append(left.substr(0, kSlice));
        left.remove_prefix(std::min(kSlice, left.size()));
        if (!out.try_send() && co_await out.send()) {
            exchange_.truncate();
            co_return;
        }
        guard.arm(loop_.now() + allowed);
    }
    out.finish();
    if (co_await out.send()) {
        exchange_.truncate();
    }
}

}  // namespace adit::policy
