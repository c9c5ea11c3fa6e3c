// The corners of the allow list: what looks like something else, and what was mistyped.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/agent/allow_lists.h"

using namespace adit::agent;
using adit::agent::test::list;
namespace ip = boost::asio::ip;

namespace {

bool reaches(const AllowList& list, const char* address, const char* host = "innocent.example") {
    return list.check_address(ip::make_address(address), host, 80).has_value();
}

std::string refusal(const char* pattern) {
    const auto parsed = AllowPattern::parse(pattern);
    return parsed ? std::string() : parsed.error().message;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the denial is the sentence that operators search for") {
    CHECK(list({}).check_name("payments.internal", 8080).error() ==
          "payments.internal:8080 is not in this agent's allow list; to allow it start the agent with --allow "
          "payments.internal:8080");
    CHECK(list({}).check_name("fd00::1", 443).error() ==
          "[fd00::1]:443 is not in this agent's allow list; to allow it start the agent with --allow [fd00::1]:443");
}

TEST_CASE("the flag that a denial names does allow the target") {
    for (const std::string host : {"payments.internal", "10.1.2.3", "fd00::1", "169.254.169.254", "fe80::1"}) {
        CAPTURE(host);
        const std::string words = list({}).check_name(host, 8080).error();
        const std::string flag = words.substr(words.rfind("--allow ") + 8);
        CHECK(list({flag.c_str()}).check_name(host, 8080));
    }
}

TEST_CASE("a name that leads to a metadata service is refused with the flag that names the address") {
    const auto verdict =
        list({"innocent.example:80"}).check_address(ip::make_address("169.254.169.254"), "innocent.example", 80);
    REQUIRE_FALSE(verdict);
    CHECK(contains(verdict.error(), "innocent.example:80 leads to 169.254.169.254"));
    CHECK(verdict.error().ends_with("--allow 169.254.169.254:80"));
}

TEST_CASE("special addresses in the clothes of another family are special") {
    const AllowList everything = list({"innocent.example:80", "0.0.0.0/0:80", "[::]/0:80"});
    for (const char* address : {"::ffff:169.254.169.254",
                                "64:ff9b::a9fe:a9fe",
                                "2002:a9fe:a9fe::1",
                                "::",
                                "::ffff:0.0.0.0",
                                "fd00:ec2::23",
                                "64:ff9b:1::a9fe:a9fe",
                                "64:ff9b:1:fffe::a9fe:a9fe",
                                "64:ff9b:1:a9fe:a9:fe00::",
                                "64:ff9b:1:a9:fe:a9fe::",
                                "64:ff9b:1:0:a9:fea9:fe00:0",
                                "::ffff:0:169.254.169.254",
                                "::169.254.169.254",
                                "::100.100.100.200",
                                "2001:0:a9fe:a9fe::1",
                                "2001:0:4136:e378:8000:63bf:5601:5601",
                                "2001:db8::5efe:169.254.169.254",
                                "2001:db8::200:5efe:a9fe:a9fe",
                                "fd20:ce::254",
                                "192.0.0.192",
                                "255.255.255.255",
                                "239.255.255.250",
                                "ff02::1",
                                "0.1.2.3"}) {
        CAPTURE(address);
        CHECK_FALSE(reaches(everything, address));
    }
    for (const char* address : {"10.0.0.1", "127.0.0.1", "::1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::1",
                                "::ffff:0:10.0.0.1", "::10.0.0.1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                                "2001:4860:4860::8888", "2001:db8::5efe:a00:1", "fd00:ec2::1"}) {
        CAPTURE(address);
        CHECK(reaches(everything, address));
    }
}

TEST_CASE("only the address itself, or a block of nothing but special ones, allows a special address") {
    CHECK(reaches(list({"169.254.169.254:80"}), "169.254.169.254"));
    CHECK(reaches(list({"[64:ff9b::a9fe:a9fe]:80"}), "64:ff9b::a9fe:a9fe"));
    CHECK(reaches(list({"[64:ff9b:1::a9fe:a9fe]:80"}), "64:ff9b:1::a9fe:a9fe"));
    CHECK_FALSE(reaches(list({"[64:ff9b:1::]/48:80"}), "64:ff9b:1::a9fe:a9fe"));
    CHECK_FALSE(reaches(list({"[::]/96:80"}), "::169.254.169.254"));
    CHECK_FALSE(reaches(list({"169.254.169.254:443"}), "169.254.169.254"));
    CHECK_FALSE(reaches(list({"168.0.0.0/7:80"}), "169.254.169.254"));
    CHECK_FALSE(reaches(list({"100.64.0.0/10:80"}), "100.100.100.200"));
    CHECK_FALSE(reaches(list({"[fd00::]/8:80"}), "fd00:ec2::254"));
    CHECK_FALSE(reaches(list({"[64:ff9b::]/96:80"}), "64:ff9b::a9fe:a9fe"));
    CHECK_FALSE(reaches(list({"[2002::]/16:80"}), "2002:a9fe:a9fe::1"));
}

TEST_CASE("other spellings of an address are names, and names are judged by where they lead") {
    const AllowList allow = list({"10.0.0.0/8:80"});
    for (const char* host : {"0x7f.1", "2130706433", "127.1", "017700000001"}) {
        CAPTURE(host);
        CHECK(allow.check_name(host, 80));  // may be resolved
        CHECK_FALSE(reaches(allow, "127.0.0.1", host));
    }
    CHECK_FALSE(allow.check_name("0x7f.1", 81));
}

TEST_CASE("case and the final dot make no other name") {
    const AllowList allow = list({"db.internal.:80", "*.Svc.Local:80"});
    CHECK(reaches(allow, "192.0.2.1", "DB.internal"));
    CHECK(reaches(allow, "192.0.2.1", "db.internal."));
    CHECK(reaches(allow, "192.0.2.1", "a.svc.local."));
    CHECK_FALSE(reaches(allow, "192.0.2.1", ".svc.local"));
    CHECK_FALSE(reaches(allow, "192.0.2.1", "evilsvc.local"));
    CHECK_FALSE(reaches(allow, "192.0.2.1", "db.internal.evil.example"));
}

TEST_CASE("a name that only a suffix allows is resolved as an absolute one, one that is written out as it stands") {
    const AllowList allow = list({"*.test:80", "db.test:80", "payments.prod:80", "10.0.0.0/8:80"});
    CHECK(allow.name_to_resolve("x.test", 80) == "x.test.");
    CHECK(allow.name_to_resolve("X.Test.", 80) == "X.Test.");
    CHECK(allow.name_to_resolve("db.test", 80) == "db.test");
    CHECK(allow.name_to_resolve("payments.prod", 80) == "payments.prod");
    CHECK(allow.name_to_resolve("other.prod", 80) == "other.prod");  // judged by where it leads
    CHECK(allow.name_to_resolve("10.1.2.3", 80) == "10.1.2.3");
}

TEST_CASE("the borders of ranges and blocks are inside") {
    const AllowList allow = list({"h:80-82", "10.1.2.128/25:*"});
    for (const std::uint16_t port : {80, 81, 82}) {
        CHECK(allow.check_name("h", port));
    }
    CHECK_FALSE(list({"h:80-82"}).check_name("h", 79));
    CHECK_FALSE(list({"h:80-82"}).check_name("h", 83));
    CHECK(reaches(allow, "10.1.2.128"));
    CHECK(reaches(allow, "10.1.2.255"));
    CHECK_FALSE(reaches(allow, "10.1.2.127"));
    CHECK_FALSE(reaches(allow, "10.1.3.0"));
    CHECK(list({"h:*"}).check_name("h", 65535));
}

TEST_CASE("IPv6 is written in brackets, with the prefix inside or behind them") {
    for (const char* pattern : {"[fd00::]/8:*", "[fd00::/8]:*", "[::1]:80", "[::ffff:10.0.0.1]:80"}) {
        CAPTURE(pattern);
        CHECK(refusal(pattern).empty());
    }
    for (const char* pattern : {"fd00::1:8080", "::1", "::1:80", "fd00::/8:80", "[::1:80", "::1]:80", "[a]b]:80",
                                "[[::1]]:80", "a[::1]:80"}) {
        CAPTURE(pattern);
        CHECK_FALSE(refusal(pattern).empty());
    }
    CHECK(contains(refusal("fd00::1:8080"), "in brackets"));
    CHECK(contains(refusal("[::1]"), "the port is missing"));
}

TEST_CASE("what was mistyped is refused instead of never matching, or matching too much") {
    for (const char* pattern :
         {"10.0.0.300:80",   "10.0.0:80",    "10.1.2.3/8:80", "[fd00::1]/8:80", "10.0.0.0/:80", "10.0.0.0/-1:80",
          "10.0.0.0/08x:80", "[::1]/129:80", "*:80",          "*.:80",          "*.*.local:80", "a..b:80",
          ".local:80",       "a b:80",       "http://a:80",   "a:80,b:80",      "a:+80",        "a:8 0",
          "a:80-",           "a:-80",        "a:0-9",         "a:80-70000",     "a\n:80"}) {
        CAPTURE(pattern);
        CHECK_FALSE(refusal(pattern).empty());
    }
    CHECK(contains(refusal("10.1.2.3/8:80"), "bits are set behind it"));
    CHECK(contains(refusal("nowhere"), "the port is missing"));
    CHECK(AllowPattern::parse("nowhere").error().usage);
}
