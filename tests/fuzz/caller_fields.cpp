// Fields in which proxies say for whom they ask: Forwarded (RFC 7239) and X-Forwarded-*. The first byte says which of
// them counts; then field lines.
#include <string>

#include "connector/http/caller.h"
#include "connector/http/forward.h"
#include "connector/http/hops_told.h"
#include "connector/http/parse.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

const boost::asio::ip::address kPeer = boost::asio::ip::make_address("10.0.0.1");

void demand_written(const http::RequestHead& request, const http::Disclosure& disclosure, http::CallerField field,
                    std::string_view client) {
    std::string out;
    http::append_request(out, request,
                         {.authority = "o",
                          .client = client,
                          .peer = "10.0.0.1",
                          .vouched = field,
                          .disclosure = disclosure,
                          .request_id = "r",
                          .pseudonym = "p"});
    http::RequestHead again;
    again.bytes() = out;
    fuzz::demand(http::parse_request(again, {.bytes = 1 << 20, .target = 1 << 20, .fields = 1000}).has_value(),
                 "what goes on is a request");
    if (disclosure.x_forwarded == http::Disclosure::Hops::off) {
        fuzz::demand(again.find(http::Known::x_forwarded) == nullptr, "what is off is not told by anybody");
    }
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    static const http::Trust kTrusted{
        .proxies = {*net::Network::parse("10.0.0.0/8"), *net::Network::parse("fd00::/8")}};
    Input decisions(input);
    const std::uint8_t first = decisions.byte();
    http::Trust trust = kTrusted;
    trust.field = (first & 1) != 0 ? http::CallerField::forwarded : http::CallerField::x_forwarded_for;
    http::RequestHead request;
    request.bytes() = "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(decisions.rest()) + "\r\n\r\n";
    if (!http::parse_request(request, {})) {
        return;
    }
    std::string client = "10.0.0.1";
    if (const auto caller = http::find_caller(request, kPeer, trust)) {
        boost::system::error_code bad;
        const auto address = boost::asio::ip::make_address(caller->address, bad);
        demand(!bad, "a caller is an address");
        demand(address.to_string() == caller->address, "in its usual form");
        client = caller->address;
    }
    using Hops = http::Disclosure::Hops;
    const http::Disclosure disclosure{.x_forwarded = static_cast<Hops>((first >> 1) % 3),
                                      .forwarded = static_cast<Hops>((first >> 3) % 3),
                                      .via = (first & 0x80) == 0};
    demand_written(request, disclosure, trust.field, client);
    static_cast<void>(http::hops_told(request, disclosure, trust.field, (first & 0x40) != 0));
}
