// What an attempt shows the origin of us, and what it does when that is not believed; see attempt.h.
#include <algorithm>

#include "connector/http/fields.h"
#include "connector/http/forward.h"
#include "connector/route/attempt.h"
#include "connector/route/chain.h"

namespace adit::route {

/// Before a connection is taken: it shall not wait for a provider.
net::Task<std::optional<problem::Failure>> Attempt::attach() {
    const std::string_view path = exchange_.request.path;
    const backend::Occasion occasion{
        .request = exchange_.request,
        .authority = authority(),
        .path = path == "*" ? std::string(path) : std::string(way_.base_path).append(path),
        .caller = asking_.passage.caller.get(),
        .route = asking_.passage.route,
        .request_id = exchange_.request_id,
        .body = asking_.held ? asking_.held->bytes() : std::string_view(),
        .tls = !way_.tls_name.empty(),
        .loop = loop_,
        .deadline = asking_.ends.at,
    };
    for (const auto& credential : backend_.credentials) {
        backend::Attached& attached = attached_.emplace_back();
        if (auto done = co_await credential->attach(occasion, attached); !done) {
            co_return std::move(done.error());
        }
        if (given_up_) {
            co_return problem::client_gone();
        }
    }
    co_return std::nullopt;
}

/// What we write: credentials, how long is left, and our word for a connector behind us; anew for each try.
std::vector<std::pair<std::string, std::string>> Attempt::written_fields() const {
    std::vector<std::pair<std::string, std::string>> fields;
    for (const backend::Attached& attached : attached_) {
        fields.insert(fields.end(), attached.fields.begin(), attached.fields.end());
    }
    const bool bounded = asking_.ends.at != net::Time::max();
    if (const std::string& name = backend_.presentation.deadline_field; bounded && !name.empty()) {
        fields.emplace_back(name, std::to_string(asking_.left().count()));
    }
    if (const Chain* chain = asking_.plan.chain) {
        const config::Retry* retry = asking_.plan.retries ? asking_.plan.retry : nullptr;
        Hop hop{.attempt = static_cast<std::uint32_t>(asking_.trace.attempts),
                .retries = asking_.another_retries || (retry != nullptr && retry->attempts > 1)};
        if (bounded) {
            hop.left = asking_.left();
        }
        fields.emplace_back(kHopField, chain->sign(hop, exchange_.request_id, std::chrono::system_clock::now()));
    }
    return fields;
}

/// Nothing of the request's body is gone, and the client has heard nothing.
bool Attempt::untouched() const {
    return asking_.body_here() && !given_up_ && !asking_.answer_begun();
}

/// Whether the answer blames what it was shown.
bool Attempt::disbelieved() const {
    return response_.status >= 400 && std::ranges::any_of(backend_.credentials, [this](const auto& credential) {
               return credential->disbelieved(response_);
           });
}

/// Whether another try may show something else.
net::Task<bool> Attempt::renew() {
    if (pass_401_ || !untouched()) {
        co_return false;
    }
    watchdog_.disarm();  // what the wait below may take is bounded by itself; the answer's body comes after it
    const http::Field* challenge = response_.find("www-authenticate");
    const std::string words(challenge == nullptr ? std::string_view() : challenge->value);
    bool renewed = false;
    for (std::size_t i = 0; i < attached_.size() && untouched(); ++i) {
        if (!backend_.credentials[i]->disbelieved(response_)) {
            continue;
        }
        const bool other = co_await backend_.credentials[i]->renew(attached_[i], words, loop_, asking_.ends.at);
        renewed = renewed || other;
    }
    co_return renewed&& untouched();
}

/// Trailers may not say what the head must not.
http::Trailers Attempt::request_trailers() const {
    http::Trailers trailers = exchange_.body.trailers();
    const auto& settled = exchange_.request.settled;
    std::erase_if(trailers, [&](const http::Field& field) {
        return http::is_reserved(field.name, backend_.reserved) ||
               std::ranges::any_of(settled, [&](std::string_view name) { return http::same_name(name, field.name); });
    });
    return trailers;
}

}  // namespace adit::route
