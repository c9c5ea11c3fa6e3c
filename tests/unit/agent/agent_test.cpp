// What an agent may be asked to dial.
#include <doctest/doctest.h>

#include "tests/unit/agent/allow_lists.h"

using namespace adit::agent;
using adit::agent::test::list;
namespace ip = boost::asio::ip;

namespace {

bool allowed(const AllowList& list, const char* address, const char* host, std::uint16_t port) {
    return list.check_name(host, port) && list.check_address(ip::make_address(address), host, port);
}

}  // namespace

TEST_CASE("nothing is allowed until somebody says so, and the denial says how") {
    const auto verdict = list({}).check_name("payments.internal", 8080);
    REQUIRE_FALSE(verdict);
    CHECK(verdict.error().find("--allow payments.internal:8080") != std::string::npos);
}

TEST_CASE("names, suffixes, networks and ports allow what they say") {
    const AllowList allow = list({"Payments.Internal:8080", "*.svc.local:443", "10.0.0.0/8:8000-8999", "[fd00::]/8:*"});
    CHECK(allowed(allow, "192.168.1.1", "payments.internal", 8080));
    CHECK_FALSE(allowed(allow, "192.168.1.1", "payments.internal", 8081));
    CHECK(allowed(allow, "192.168.1.1", "a.b.svc.local", 443));
    CHECK_FALSE(allowed(allow, "192.168.1.1", "svc.local", 443));
    CHECK(allowed(allow, "10.1.2.3", "10.1.2.3", 8500));
    CHECK(allowed(allow, "10.1.2.3", "any.name", 8500));
    CHECK_FALSE(allowed(allow, "11.1.2.3", "any.name", 8500));
    CHECK(allowed(allow, "fd12::1", "fd12::1", 1));
    CHECK(allowed(allow, "::ffff:10.1.2.3", "any.name", 8500));
}

TEST_CASE("link-local addresses and metadata services must be allowed by address") {
    const AllowList names = list({"innocent.example:80", "0.0.0.0/0:80", "[::]/0:80"});
    for (const char* address : {"169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
                                "0.0.0.0", "224.0.0.1", "::ffff:169.254.169.254"}) {
        CAPTURE(address);
        CHECK_FALSE(names.check_address(ip::make_address(address), "innocent.example", 80));
    }
    CHECK(allowed(list({"169.254.169.254:80"}), "169.254.169.254", "169.254.169.254", 80));
    CHECK(allowed(list({"169.254.0.0/16:80"}), "169.254.1.1", "169.254.1.1", 80));
}

TEST_CASE("a pattern that cannot be read is refused") {
    for (const char* bad :
         {"", "host", "host:", ":80", "host:0", "host:90-80", "10.0.0.0/33:80", "ho st:80", "a/8:80", "host:70000"}) {
        CAPTURE(bad);
        CHECK_FALSE(AllowPattern::parse(bad));
    }
}
