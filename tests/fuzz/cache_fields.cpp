// Fields by which an answer is stored and used again: Cache-Control, Expires, Age, Date, Vary (RFC 9111). Field lines
// of an answer, an empty line, field lines of a request.
#include <string>

#include "connector/cache/freshness.h"
#include "connector/cache/vary.h"
#include "connector/http/parse.h"
#include "tests/fuzz/target.h"

void adit::fuzz::run(std::string_view input) {
    const std::size_t middle = std::min(input.find("\r\n\r\n"), input.size());
    http::ResponseHead answer;
    answer.bytes() = "HTTP/1.1 200 OK\r\n" + std::string(input.substr(0, middle)) + "\r\n\r\n";
    http::RequestHead request;
    request.bytes() =
        "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(input.substr(std::min(middle + 4, input.size()))) + "\r\n\r\n";
    if (!http::parse_response(answer, "GET", {}) || !http::parse_request(request, {})) {
        return;
    }
    using namespace std::chrono_literals;
    const cache::Control control = cache::parse_control(answer.fields);
    for (const auto& time :
         {control.max_age, control.s_maxage, control.stale_if_error, control.stale_while_revalidate}) {
        demand(!time || (*time >= 0s && *time <= std::chrono::seconds(1LL << 31)), "times are bounded");
    }
    const cache::Moment moment{
        .requested = net::Time(10s), .received = net::Time(11s), .wall = WallTime(1'800'000'000s)};
    const auto lifetime = cache::explicit_lifetime(answer.fields, control, moment.wall);
    demand(!lifetime || *lifetime >= 0ms, "nothing is fresh for less than no time");
    const cache::Freshness freshness{.initial_age = cache::initial_age(answer.fields, moment),
                                     .lifetime = lifetime.value_or(0ms),
                                     .received = moment.received};
    demand(freshness.initial_age >= 0ms, "nothing is younger than new");
    const net::Time later = moment.received + 1h;
    demand(freshness.age(later) >= 1h && freshness.left(later) < freshness.left(moment.received), "answers grow old");
    static_cast<void>(cache::request_control(request));
    const cache::Shown shown(request);
    if (const auto selecting = cache::selecting_fields(answer, shown)) {
        demand(cache::selects(*selecting, shown), "an answer fits the request that it was an answer to");
    }
}
