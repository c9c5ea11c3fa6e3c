// Whom limits count as one caller.
#include "connector/policy/caller_key.h"

#include <doctest/doctest.h>

namespace adit::policy {
namespace {

using Key = config::RateLimit::Key;
using Of = Key::Of;

struct Request {
    http::RequestHead head;
    access::Caller caller;
    bool known = false;
    std::string ip = "192.0.2.1";

    std::string text(const Key& by) const { return CallerKey(by, {head, ip, "r", known ? &caller : nullptr}).text(); }
    std::uint64_t hash(const Key& by) const {
        return CallerKey(by, {head, ip, "r", known ? &caller : nullptr}).hash(KeyedHash<>(1, 2));
    }
};

struct FromShop : Request {
    FromShop() {
        caller.consumer = "shop";
        caller.environment = "production";
        caller.attributes = {{"plan", "gold"}};
        caller.by = "api-key 3f9a21";
        known = true;
        head.fields.push_back({"x-tenant", "t1"});
    }
};

}  // namespace

TEST_CASE("a caller is told by what the limit says") {
    const FromShop shop;
    CHECK(shop.text({Of::consumer}) == "consumer shop/production");
    CHECK(shop.text({Of::api_key}) == "api_key shop/api-key 3f9a21");
    CHECK(shop.text({Of::client_ip}) == "client_ip 192.0.2.1");
    CHECK(shop.text({Of::header, "x-tenant"}) == "header t1");
    CHECK(shop.text({Of::claim, "plan"}) == "claim gold");
    CHECK(shop.text({Of::route}) == "route r");
    CHECK(shop.text({Of::all}) == "all");
}

TEST_CASE("who cannot be told counts by his address") {
    Request request;
    for (const Of of : {Of::consumer, Of::api_key, Of::client_ip}) CHECK(request.text({of}) == "client_ip 192.0.2.1");
    CHECK(request.text({Of::header, "x-tenant"}) == "client_ip 192.0.2.1");
    CHECK(request.text({Of::claim, "plan"}) == "client_ip 192.0.2.1");
    FromShop shop;
    CHECK(shop.text({Of::claim, "other"}) == "client_ip 192.0.2.1");
    shop.caller.consumer = access::kAnonymous;
    CHECK(shop.text({Of::consumer}) == "client_ip 192.0.2.1");
}

TEST_CASE("addresses of IPv6 count by the network of a subscriber") {
    Request request;
    request.ip = "2001:db8:1:2:3:4:5:6";
    CHECK(request.text({Of::client_ip}) == "client_ip 2001:db8:1:2::/64");
    const auto first = request.hash({Of::client_ip});
    request.ip = "2001:DB8:1:2::9";
    CHECK(request.hash({Of::client_ip}) == first);
    request.ip = "2001:db8:1:3::9";
    CHECK(request.hash({Of::client_ip}) != first);
    request.ip = "::ffff:192.0.2.1";
    CHECK(request.text({Of::client_ip}) == "client_ip ::ffff:192.0.2.1");
}

TEST_CASE("callers of one name but another kind, or another environment, are others") {
    FromShop shop;
    const auto production = shop.hash({Of::consumer});
    shop.caller.environment = "staging";
    CHECK(shop.hash({Of::consumer}) != production);
    shop.caller.consumer = "192.0.2.1";
    shop.caller.environment.clear();
    CHECK(shop.hash({Of::consumer}) != shop.hash({Of::client_ip}));
}

TEST_CASE("what may be a secret is not shown") {
    const FromShop shop;
    CHECK(CallerKey({Of::header, "x-tenant"}, {shop.head, shop.ip, "r", &shop.caller}).shown() == "header");
    CHECK(CallerKey({Of::consumer}, {shop.head, shop.ip, "r", &shop.caller}).shown() == "consumer shop/production");
}

}  // namespace adit::policy
