// What answers of origins teach a cache, and what it does when there are none; see caching.h.
#include <utility>

#include "common/base/strings.h"
#include "connector/cache/shared_failure.h"
#include "connector/policy/caching.h"
#include "connector/route/forward.h"

namespace adit::policy {
namespace {

using cache::Landing;
using cache::Refusal;

constexpr std::chrono::milliseconds kBodyPatience{3'000};  ///< that others wait for a body that has begun

bool changes(std::string_view method) {
    return method != "GET" && method != "HEAD" && method != "OPTIONS" && method != "TRACE";
}

bool kept_back(const std::optional<problem::Failure>& failure) {
    return failure && failure->code == route::kAnswerKeptBack;
}

/// The path and query of a URI on the same host as `authority`; nothing for those of others (RFC 9111 §4.4).
std::optional<std::string_view> path_on(std::string_view uri, std::string_view authority) {
    if (uri.starts_with('/') && !uri.starts_with("//")) {
        return uri.substr(0, uri.find('#'));
    }
    const std::size_t scheme = uri.find("://");
    if (scheme == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view rest = uri.substr(scheme + 3);
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos || !iequals(rest.substr(0, slash), authority)) {
        return std::nullopt;
    }
    return rest.substr(slash, rest.find('#') - slash);
}

}  // namespace

bool Caching::keeps_back(const http::ResponseHead& answer) {
    if (means_.settings == nullptr) {
        return false;
    }
    moment_.received = loop_.now();
    moment_.wall = std::chrono::system_clock::now();
    if (validating_ && answer.status == 304) {
        confirm(answer);
        return true;
    }
    if (cache::is_error(answer.status) && may_stand_in()) {
        stood_in_for_ = answer.status;
        return true;
    }
    return false;
}

/// RFC 9111 §4.3.4. An origin that confirms another answer than ours confirms nothing.
void Caching::confirm(const http::ResponseHead& answer) {
    const http::Field* etag = answer.find("etag");
    auto selecting = cache::selecting_fields(answer, shown());
    if (answer.find("vary") == nullptr) {
        selecting = entry_->selecting();
    }
    if ((etag != nullptr && !entry_->etag().empty() && !cache::same_etag(etag->value, entry_->etag())) || !selecting) {
        means_.cache.store.drop(key_, entry_.get());
        mismatched_ = true;
        return;
    }
    auto renewed =
        std::make_shared<const cache::Entry>(*entry_, answer, std::move(*selecting), moment_, means_.settings->ttl);
    const bool stored = means_.cache.store.put(key_, renewed);
    const bool usable = stored && renewed->freshness().fresh(loop_.now());
    entry_ = std::move(renewed);
    confirmed_ = true;
    lead_.land({.end = usable ? Landing::End::stored : Landing::End::alone, .entry = entry_});
}

void Caching::takes(http::ResponseHead& answer) {
    const http::RequestHead& request = exchange_.request;
    if (changes(request.method)) {
        if (answer.status >= 200 && answer.status < 400) {
            invalidate(answer);
        }
        return mark(answer);
    }
    if (means_.settings == nullptr || marking_.fwd == "bypass") {
        return mark(answer);
    }
    const Refusal refusal = cache::refusal_to_store(request, asked_, means_.asker, answer, *means_.settings);
    auto selecting = cache::selecting_fields(answer, shown());
    if (refusal == Refusal::none && selecting) {
        begin_draft(answer, std::move(*selecting));
    } else {
        marking_.detail = refusal == Refusal::none ? "vary" : cache::name(refusal);
        effects_.cache_detail = marking_.detail;
        stays_out(refusal, answer.status);
    }
    mark(answer);
}

/// The answer is not kept. What one request has brought about by its own fields takes nothing from others: neither what
/// is stored for them, nor that one asks for all.
void Caching::stays_out(Refusal refusal, int status) {
    const cache::Blame blame = cache::blame_for(refusal, status);
    if (blame == cache::Blame::answer) {
        if (entry_) {
            means_.cache.store.drop(key_, entry_.get());  // the origin has another answer by now
        }
        return give_up_storing();
    }
    if (blame == cache::Blame::kind) {
        means_.cache.flights.pass(kind(), loop_.now());
    }
    // The next one leads; but two in a row that were answered so speak for all: nobody stands in line for that.
    const bool again = blame == cache::Blame::request && has_followed_;
    lead_.land({.end = again ? Landing::End::alone : Landing::End::lost});
}

void Caching::begin_draft(const http::ResponseHead& answer, std::vector<cache::Selecting> selecting) {
    draft_ = std::make_unique<cache::Entry>(answer, std::move(selecting), moment_, means_.settings->ttl);
    room_.emplace(means_.cache.store);
    // That it is stored can be said for certain only where it is known how long it will be.
    marking_.stored =
        answer.framing.kind == http::Framing::Kind::length || answer.framing.kind == http::Framing::Kind::none;
    if (lead_) {
        lead_.answering(kBodyPatience);
    }
}

/// Nobody shall wait for answers to this for a while: they are for who asks.
void Caching::give_up_storing() {
    draft_.reset();
    room_.reset();
    body_ = {};
    if (lead_) {
        means_.cache.flights.pass(kind(), loop_.now());
        lead_.land({.end = Landing::End::alone});
    }
}

void Caching::invalidate(const http::ResponseHead& answer) {
    cache::Store& store = means_.cache.store;
    const Time now = loop_.now();
    store.invalidate(key_.site(), now);
    for (const char* name : {"location", "content-location"}) {
        const http::Field* field = answer.find(name);
        const auto path = field == nullptr ? std::nullopt : path_on(field->value, means_.key.authority);
        if (path) {
            cache::KeyParts parts = means_.key;
            parts.path = *path;
            parts.query = {};
            store.invalidate(cache::make_site(parts), now);
        }
    }
}

void Caching::passing(const net::Chain& bytes, std::size_t n) {
    if (!draft_) {
        return;
    }
    if (body_.size() + n > means_.settings->entry_bytes || !room_->grow(n)) {
        return give_up_storing();
    }
    const std::size_t before = body_.size();
    body_.resize(before + n);
    bytes.copy_out({body_.data() + before, n});
}

void Caching::passed() {
    if (!draft_) {
        return;
    }
    body_.shrink_to_fit();
    draft_->give_body(std::move(body_));
    std::shared_ptr<const cache::Entry> entry = std::move(draft_);
    const bool stored = means_.cache.store.put(key_, entry);
    room_.reset();
    if (stored) {
        means_.metrics->stored.Increment();
    }
    if (!lead_) {
        return;
    }
    if (stored && entry->freshness().fresh(loop_.now())) {
        lead_.land({.end = Landing::End::stored, .entry = std::move(entry)});
    } else {
        give_up_storing();  // each has to ask whether it is still good
    }
}

bool Caching::asks_again() {
    if (!std::exchange(mismatched_, false)) {
        return false;
    }
    restore_request();
    validating_ = false;
    entry_.reset();
    moment_.requested = loop_.now();
    return true;
}

/// Who waits shares a failure that would have been his; after one of the leader's alone, another leads.
void Caching::land_failure(const problem::Failure& failure) {
    if (stood_in_for_ != 0 || kept_back(failure)) {
        lead_.land({.end = Landing::End::failed});
        return;
    }
    const bool bounded = means_.total.count() > 0;
    const bool all =
        cache::strikes_all(failure, {.total_spent = bounded && loop_.now() >= exchange_.started + means_.total,
                                     .backend_full = !means_.bulkhead.empty() && effects_.bulkhead == means_.bulkhead,
                                     .answered = exchange_.status != 0});
    lead_.land(all ? Landing{.end = Landing::End::failed, .failure = failure} : Landing{});
}

net::Task<std::optional<problem::Failure>> Caching::conclude(std::optional<problem::Failure> failure) {
    restore_request();
    if (!failure) {
        lead_.land({});  // a body that was cut off
        co_return std::nullopt;
    }
    if (confirmed_) {
        marking_.fwd_status = 304;
        marking_.stored = true;
        note(means_.metrics->revalidated, "revalidated");
        co_await serve();
        co_return std::nullopt;
    }
    land_failure(*failure);
    // An answer that somebody else has kept back is no error, or nothing of ours may stand in for it.
    const bool eligible = stood_in_for_ != 0 || (failure->status >= 500 && !kept_back(failure) && may_stand_in());
    if (!eligible || exchange_.status != 0) {
        co_return failure;
    }
    if (stood_in_for_ != 0) {
        marking_.fwd_status = stood_in_for_;
    }
    marking_.detail = "stale-if-error";
    note(means_.metrics->stale, "stale", marking_.detail);
    co_await serve();
    co_return std::nullopt;
}

void Caching::conclude_renewal(const std::optional<problem::Failure>& failure) {
    restore_request();
    if (failure && !confirmed_) {
        land_failure(*failure);
    }
    lead_.land({});
}

}  // namespace adit::policy
