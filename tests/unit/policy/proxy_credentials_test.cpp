// What callers of a forward proxy show, and what they are answered.
#include <doctest/doctest.h>

#include "common/base/encoding.h"
#include "common/net/worker.h"
#include "connector/http/parse.h"
#include "connector/policy/authenticators.h"
#include "connector/policy/basic_credentials.h"

using namespace adit;

namespace {

std::string basic(std::string_view text) {
    return "Basic " + base64_encode(Bytes(text.begin(), text.end()));
}

/// SHA-256 of "key".
config::Digest digest_of_key() {
    const auto bytes = base64url_decode("LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM");
    config::Digest digest;
    REQUIRE((bytes && bytes->size() == digest.size()));
    std::ranges::copy(*bytes, digest.begin());
    return digest;
}

/// The consumer that the policy finds, or "-", or the flaw behind a "!".
std::string found(const policy::Authenticator& policy, const std::string& fields, bool proxy = true) {
    net::Worker worker(0);
    http::RequestHead head;
    head.bytes() = "GET http://a/ HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    REQUIRE(http::parse_request(head, {}, http::Role::proxy));
    const auto finding =
        policy.look({.request = head, .client_ip = "192.0.2.1", .loop = worker.loop(), .proxy = proxy});
    REQUIRE(finding);
    return finding->caller ? finding->caller->consumer : finding->flaw.empty() ? "-" : "!" + finding->flaw;
}

}  // namespace

TEST_CASE("towards a proxy an API key is a password, or the user where there is none") {
    config::Consumer consumer;
    consumer.name = "storefront";
    consumer.api_keys.push_back({.digest = digest_of_key(), .id = "k"});
    const auto consumers = std::make_shared<const policy::Consumers>(std::vector{consumer});
    const auto policy = policy::make_api_key("api-key", {}, consumers);
    CHECK(found(*policy, "Proxy-Authorization: " + basic("any:key") + "\r\n") == "storefront");
    CHECK(found(*policy, "Proxy-Authorization: " + basic("key:") + "\r\n") == "storefront");
    CHECK(found(*policy, "Proxy-Authorization: " + basic("key:other") + "\r\n") == "!the key is not known");
    CHECK(found(*policy, "Proxy-Authorization: " + basic(":") + "\r\n") == "!the key is empty");
    CHECK(found(*policy, "Proxy-Authorization: Basic !\r\n") == "!the credentials are not in base64");
    CHECK(found(*policy, "Proxy-Authorization: Bearer key\r\n") == "-");
    // These are meant for the origin.
    CHECK(found(*policy, "Authorization: " + basic("any:key") + "\r\n") == "-");
    CHECK(found(*policy, "X-API-Key: key\r\n") == "-");
    CHECK(found(*policy, "X-API-Key: key\r\n", false) == "storefront");
}

TEST_CASE("basic credentials end the user's name at the first colon") {
    const auto read = policy::BasicCredentials::read("YTpiOmM=");
    REQUIRE(read);
    CHECK(read->user() == "a");
    CHECK(read->password() == "b:c");
    CHECK_FALSE(policy::BasicCredentials::read("YWJj"));
    CHECK_FALSE(policy::BasicCredentials::read("a:b"));
}
