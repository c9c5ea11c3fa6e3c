// Heads written and read again; see heads.h.
#include "tests/fuzz/heads.h"

#include "connector/http/forward.h"
#include "connector/http/parse.h"
#include "tests/fuzz/target.h"

namespace adit::fuzz {
namespace {

/// What we add may take a head over the limits that it was read with.
constexpr http::HeadLimits kWide{.bytes = 1 << 20, .target = 1 << 20, .fields = 1000};

}  // namespace

std::string demand_one_request(const http::RequestHead& head, http::Role role) {
    std::string out;
    const bool upgrade = !head.upgrade.empty();
    http::append_request(
        out, head,
        {.authority = "origin.example:8080", .client = "::1", .request_id = "r", .pseudonym = "p", .upgrade = upgrade});
    std::size_t scanned = 0;
    demand(http::head_length(out, scanned) == out.size(), "a request's head ends where we end it");
    http::RequestHead again;
    again.bytes() = out;
    const auto parsed = http::parse_request(again, kWide, role);
    demand(parsed.has_value(), "we would take the request that we send");
    demand(again.method == head.method, "the method stays");
    demand(again.authority == "origin.example:8080", "the authority is the origin's");
    if (head.form == http::TargetForm::origin || head.form == http::TargetForm::absolute) {
        demand(again.path == (head.path.empty() ? "/" : head.path) && again.query == head.query, "the target stays");
    }
    demand(again.framing.kind == head.framing.kind && again.framing.length == head.framing.length, "the framing stays");
    demand(again.find(http::Known::te) == nullptr || again.find(http::Known::te)->value == "trailers",
           "no coding is offered for the caller");
    return out;
}

void demand_one_response(const http::ResponseHead& head, std::string_view method) {
    std::string out;
    const bool interim = head.status / 100 == 1 && head.status != 101;
    if (interim) {
        http::append_interim(out, head);
    } else {
        http::append_response(out, head,
                              {.framing = head.framing,
                               .keep_length_field = method == "HEAD" || head.status == 304,
                               .pseudonym = "p",
                               .date = "Sun, 06 Nov 1994 08:49:37 GMT",
                               .upgrade = head.status == 101});
    }
    std::size_t scanned = 0;
    demand(http::head_length(out, scanned) == out.size(), "an answer's head ends where we end it");
    http::ResponseHead again;
    again.bytes() = out;
    demand(http::parse_response(again, method, kWide).has_value(), "we would take the answer that we pass on");
    demand(again.status == head.status, "the status stays");
    demand(interim || again.framing.kind == head.framing.kind, "the framing stays");
    demand(interim || again.framing.length == head.framing.length, "the length stays");
}

}  // namespace adit::fuzz
