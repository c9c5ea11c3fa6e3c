// A head of a request of HTTP/1.1. The first byte says whose listener it is: a gateway's or a forward proxy's.
#include "tests/fuzz/heads.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

#include "connector/http/parse.h"

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const http::Role role = decisions.byte() == 'p' ? http::Role::proxy : http::Role::gateway;
    const std::string_view text = decisions.rest();
    std::size_t scanned = 0;
    const std::size_t length = http::head_length(text, scanned);
    demand(length <= text.size(), "a head is a part of what came");
    for (std::size_t half = text.size() / 2, seen = 0; half > 0; half = 0) {
        if (http::head_length(text.substr(0, half), seen) == 0) {
            demand(http::head_length(text, seen) == length, "a head that comes in pieces ends where it does in one");
        }
    }
    http::RequestHead head;
    head.bytes() = text.substr(0, length == 0 ? text.size() : length);
    if (!http::parse_request(head, {}, role)) {
        return;
    }
    demand(role == http::Role::proxy || head.path == "*" || head.path.starts_with('/'), "a gateway's path is absolute");
    demand(head.method != "TRACE" && (role == http::Role::proxy || head.method != "CONNECT"),
           "nobody traces, a proxy connects");
    if (head.form != http::TargetForm::authority && (head.path == "*" || head.path.starts_with('/'))) {
        demand_one_request(head, role);
    }
}
