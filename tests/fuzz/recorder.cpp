// Reading requests and answering them; see recorder.h.
#include "tests/fuzz/recorder.h"

#include "tests/fuzz/heads.h"
#include "tests/fuzz/target.h"

namespace adit::fuzz {

std::string text_of(const http::Trailers& trailers) {
    std::string text;
    for (const http::Field& field : trailers) {
        text.append(field.name).append("=").append(field.value).append("|");
    }
    return text;
}

std::string text_of(const http::RequestHead& head) {
    std::string text;
    text.append(head.method).append(" ").append(head.authority).append(" ").append(head.path).append(head.query);
    text.append(" ").append(std::to_string(static_cast<int>(head.framing.kind))).append(":");
    text.append(std::to_string(head.framing.length)).append(" ").append(head.upgrade).append("|");
    return text.append(text_of(head.fields));
}

net::Task<> Recorder::answer(http::Exchange& exchange) {
    http::ResponseHead response;
    response.status = 200;
    response.fields.push_back({"x-seen", "yes"});
    response.framing = {http::Framing::Kind::chunked, 0};
    const bool early = exchange.request.path.ends_with("early");
    if (early) {
        exchange.answer(response);
    } else if (exchange.request.expect_continue) {
        exchange.answer_continue();
        co_await exchange.out.send();
    }
    std::string body;
    while (!exchange.body.done()) {
        if (const net::Status status = co_await exchange.body.wait()) {
            seen += "[" + status.message() + "]\n";
            if (early) {
                exchange.truncate();
            } else {
                co_await exchange.answer(problem::bad_request(400, "bad-request", "the body does not end"));
            }
            exchange.keep_alive = false;
            co_return;
        }
        exchange.body.move_to(body, exchange.body.available());
    }
    seen += body + "." + text_of(exchange.body.trailers()) + "\n";
    if (!early) {
        exchange.answer(response);
    }
    exchange.out.append(body);
    exchange.out.finish(exchange.body.trailers());
    co_await exchange.out.send();
}

net::Task<> Recorder::handle(http::Exchange& exchange) {
    ++under_way;
    if (exchange.refused) {
        ++refused;
        seen += "refused " + std::to_string(exchange.refused->status) + "\n";
        co_await exchange.answer(*exchange.refused);
    } else {
        seen += text_of(exchange.request) + "\n";
        if (exchange.request.form != http::TargetForm::authority &&
            (exchange.request.path == "*" || exchange.request.path.starts_with('/'))) {
            demand_one_request(exchange.request, exchange.settings.role);
        }
        if (exchange.request.path.ends_with("none")) {
            co_await exchange.answer({.status = 404, .content_type = "text/plain", .content = "no", .fields = {}});
        } else {
            co_await answer(exchange);
        }
    }
    --under_way;
}

}  // namespace adit::fuzz
