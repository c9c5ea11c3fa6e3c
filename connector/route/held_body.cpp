// Reading a body into memory; see held_body.h.
#include "connector/route/held_body.h"

#include <algorithm>

#include "common/base/time.h"
#include "common/net/alarm.h"

namespace adit::route {
namespace {

/// When the client must have sent something, or the exchange be over.
net::Time next_end(const net::Loop& loop, const HeldBody::Bounds& bounds) {
    const bool bounded = bounds.silence.count() > 0;
    return bounded ? std::min(loop.now() + bounds.silence, bounds.ends) : bounds.ends;
}

problem::Failure too_slow(const http::Exchange& exchange, const HeldBody::Bounds& bounds) {
    const auto now = exchange.client().loop().now();
    if (now >= bounds.ends) {
        return problem::total_timeout(
            format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(bounds.ends - exchange.started)));
    }
    return problem::request_timeout("nothing of the request body arrived for " + format_duration(bounds.silence));
}

problem::Failure refused(const http::ParseError& error) {
    return problem::bad_request(error.status, error.code, std::string("the request body was refused: ") + error.words);
}

}  // namespace

net::Task<std::optional<problem::Failure>> HeldBody::read(http::Exchange& exchange, Bounds bounds) {
    http::BodyReader& body = exchange.body;
    if (body.framing().length > bounds.most) {
        co_return problem::body_too_large(bounds.most);
    }
    if (body.framing().length > budget_->most() - std::min(budget_->held(), budget_->most())) {
        co_return no_room();
    }
    net::Stream& client = exchange.client();
    net::Alarm alarm(client.loop(), client.on_readable());
    if (const net::Time at = next_end(client.loop(), bounds); at != net::Time::max()) {
        alarm.set(at);
    }
    for (;;) {
        if (const std::size_t n = body.available(); n > 0) {
            if (auto failure = take(body, n, bounds.most)) {
                co_return failure;
            }
            if (const net::Time at = next_end(client.loop(), bounds); at != net::Time::max()) {
                alarm.set(at);
            }
            continue;
        }
        if (const http::ParseError* error = body.error()) {
            co_return refused(*error);
        }
        if (body.done()) {
            break;
        }
        if (exchange.request.expect_continue && !exchange.interim_sent && body.bytes() == 0) {
            exchange.answer_continue();
            exchange.out.try_send();
        }
        const net::Status status = co_await body.wait(&alarm.passed());
        if (alarm.passed() && body.available() == 0 && !body.done()) {
            co_return too_slow(exchange, bounds);
        }
        if (status && body.error() == nullptr) {
            co_return problem::client_gone();
        }
    }
    whole_ = true;
    exchange.request.expect_continue = false;
    const auto kind = bytes_.empty() ? http::Framing::Kind::none : http::Framing::Kind::length;
    exchange.request.framing = {kind, bytes_.size()};
    co_return std::nullopt;
}

std::optional<problem::Failure> HeldBody::take(http::BodyReader& body, std::size_t n, std::size_t most) {
    if (bytes_.size() + n > most) {
        return problem::body_too_large(most);
    }
    if (!budget_->take(n)) {
        return no_room();
    }
    counted_ += n;
    body.move_to(bytes_, n);
    return std::nullopt;
}

problem::Failure HeldBody::no_room() const {
    return problem::no_room_for_body("all requests together hold bodies of " + std::to_string(budget_->held()) +
                                     " bytes; " + std::to_string(budget_->most()) + " are allowed");
}

void HeldBody::release() {
    budget_->give_back(std::exchange(counted_, 0));
    bytes_ = std::string();
}

}  // namespace adit::route
