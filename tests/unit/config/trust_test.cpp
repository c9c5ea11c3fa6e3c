// Consumers, policies and access rules of a file, and what is wrong with them.
#include <doctest/doctest.h>

#include "tests/unit/config/loading.h"

namespace adit::config {
namespace {

using test::errors_of;
using test::loaded;
using yaml::test::environment;

const std::string kHex(64, 'a');

std::string errors_of_consumer(const std::string& text) {
    return errors_of("consumers:\n  - {name: a, " + text + "}\n");
}

std::string errors_of_route(const std::string& route, const std::string& more = "") {
    return errors_of("backends: {a: {endpoints: [http://x]}}\nroutes:\n  - {match: {}, backend: a, " + route + "}\n" +
                     more);
}

bool contains(const std::string& text, std::string_view words) {
    CAPTURE(text);
    return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a consumer has digests, names and addresses") {
    const Configuration read = loaded(
        R"(
consumers:
  - name: shop
    project: web
    environment: production
    attributes: {tier: gold}
    api_keys: ["sha256:)" +
        kHex +
        R"(", {sha256: "sha256:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqs", id: second, expires: "2030-01-01T00:00:00Z"}]
    logins: [{user: u, password: "sha256:)" +
        kHex + R"("}]
    certificates: [{san: "dns:GW.example"}, {san: "ip:0:0::1"}, {subject: "CN=x"}]
    tokens: [{issuer: "https://idp", claims: {sub: a}}]
    addresses: [10.0.0.0/8]
access: {services: {pay: [{consumer: shop}, {project: web, environments: [production]}]}, tunnels: {t: [{consumer: "*"}]}}
)");
    const Consumer& consumer = read.consumers.at(0);
    CHECK(consumer.api_keys[0].digest[31] == 0xaa);
    CHECK(consumer.api_keys[1].id == "second");
    CHECK(consumer.api_keys[1].expires == parse_time("2030-01-01T00:00:00Z").value());
    CHECK(consumer.logins[0].user == "u");
    CHECK(consumer.certificates[0].san == "dns:gw.example");
    CHECK(consumer.certificates[1].san == "ip:::1");
    CHECK(read.access.services.at("pay")[0].environments == std::vector<std::string>{"*"});
    CHECK(read.access.services.at("pay")[1].environments == std::vector<std::string>{"production"});
    CHECK(read.enforces_access);
}

TEST_CASE("any word about callers means that they are asked") {
    CHECK_FALSE(loaded("listeners: []\n").enforces_access);
    CHECK(loaded("consumers: []\n").enforces_access);
    CHECK(loaded("policies: {}\n").enforces_access);
    CHECK(loaded("access: {}\n").enforces_access);
    CHECK(loaded("backends: {a: {endpoints: [http://x]}}\nroutes: [{match: {}, backend: a, policies: [anonymous]}]\n")
              .enforces_access);
    CHECK(loaded("backends: {a: {endpoints: [http://x]}}\nroutes: [{match: {}, backend: a, access: []}]\n")
              .enforces_access);
}

TEST_CASE("a secret itself is refused and not repeated") {
    const std::string errors = errors_of_consumer("api_keys: [my-secret, {sha256: other-secret}, \"sha256:abc\"]");
    CHECK(contains(errors, "never the secret itself"));
    CHECK(contains(errors, "a SHA-256 has 64 hexadecimal digits"));
    CHECK_FALSE(contains(errors, "my-secret"));
    CHECK_FALSE(contains(errors, "other-secret"));
}

TEST_CASE("what is wrong with a consumer is said with its place") {
    CHECK(contains(errors_of("consumers: [{name: anonymous}]\n"), "1:20: 'anonymous' is who shows nothing"));
    CHECK(contains(errors_of_consumer("certificates: [{san: \"dns:a\", subject: b}]"), "one of san, subject and spki"));
    CHECK(contains(errors_of_consumer("certificates: [{san: a}]"), "begins with dns:, uri:, email: or ip:"));
    CHECK(contains(errors_of_consumer("certificates: [{spki: abc}]"), "the SHA-256 of the key"));
    CHECK(contains(errors_of_consumer("logins: [{user: \"a:b\", password: \"sha256:" + kHex + "\"}]"),
                   "without a colon"));
    CHECK(contains(errors_of_consumer("addresses: [10.0.0.1/8]"), "2:"));
    CHECK(contains(errors_of_consumer("api_keys: [{sha256: \"sha256:" + kHex + "\", expires: tomorrow}]"),
                   "is not a time"));
    CHECK(contains(errors_of_consumer("apikeys: []"), "api_keys"));
}

TEST_CASE("what stands for one consumer stands for no other") {
    const std::string key = "\"sha256:" + kHex + "\"";
    CHECK(contains(errors_of("consumers:\n  - {name: a}\n  - {name: a}\n"), "first at"));
    CHECK(errors_of("consumers:\n  - {name: a, environment: x}\n  - {name: a}\n").empty());
    const std::string keys =
        errors_of("consumers:\n  - {name: a, api_keys: [" + key + "]}\n  - {name: b, api_keys: [" + key + "]}\n");
    CHECK(contains(keys, "an API key is used twice; first at"));
    CHECK_FALSE(contains(keys, kHex));
    CHECK(contains(errors_of("consumers:\n  - {name: a, certificates: [{san: \"dns:A\"}]}\n  - {name: b, certificates: "
                             "[{san: \"dns:a\"}]}\n"),
                   "the certificate 'dns:a' is used twice"));
    CHECK(
        contains(errors_of("consumers:\n  - {name: a, addresses: [10.0.0.1]}\n  - {name: b, addresses: [10.0.0.1]}\n"),
                 "is used twice"));
}

TEST_CASE("policies are known by name, built-in ones without a definition") {
    CHECK(errors_of_route("policies: [api-key, basic, anonymous]").empty());
    CHECK(contains(errors_of_route("policies: [api-kye]"), "there is no policy 'api-kye'; did you mean 'api-key'?"));
    CHECK(contains(errors_of_route("policies: [basic, basic]"), "stands in this list already"));
    CHECK(contains(errors_of_route("policies: [mtls]"), "needs a listener with tls.client_ca"));
    CHECK(contains(errors_of_route("policies: [x]", "policies: {x: {basic: {}, anonymous: {}}}\n"),
                   "a policy has one of"));
    CHECK(contains(errors_of_route("policies: [basic]", "policies: {basic: {anonymous: {}}}\n"),
                   "built-in policy of another kind"));
    CHECK(contains(errors_of_route("policies: [x]", "policies: {x: {api_key: {header: a, query: b}}}\n"),
                   "in a header or in the query"));
    CHECK(contains(errors_of_route("policies: [x]", "policies: {x: {ip: {consumer: a}}}\nconsumers: [{name: a}]\n"),
                   "without 'from'"));
    CHECK(contains(errors_of_route("policies: [x]",
                                   "policies: {x: {ip: {from: [10.0.0.1], consumer: b}}}\nconsumers: [{name: a}]\n"),
                   "there is no consumer 'b'"));
    CHECK(contains(errors_of_route("policies: [x]", "policies: {x: {basic: {realm: 'a\"b'}}}\n"), "without quotes"));
}

TEST_CASE("rules name who exists, unless strangers may come with names of their own") {
    const std::string consumers = "consumers: [{name: storefront, project: shop}]\n";
    CHECK(errors_of_route("access: [{consumer: storefront}, {project: shop}, {consumer: \"*\"}, {consumer: anonymous}]",
                          consumers)
              .empty());
    CHECK(contains(errors_of_route("access: [{consumer: storefrnt}]", consumers), "did you mean 'storefront'?"));
    CHECK(contains(errors_of_route("access: [{project: storefront}]", consumers), "there is no project 'storefront'"));
    CHECK(contains(errors_of_route("access: [{consumer: a, project: b}]", consumers), "names a consumer or a project"));
    CHECK(contains(errors_of_route("access: [{}]", consumers), "names a consumer or a project"));
    CHECK(contains(errors_of(consumers + "access: {services: {s: [{consumer: x}]}}\n"), "there is no consumer 'x'"));
    CHECK(contains(errors_of(consumers + "access: {tunnel: {}}\n"), "tunnels"));
}

TEST_CASE("client certificates belong to a CA") {
    const std::string tls =
        "listeners: [{address: \"127.0.0.1:0\", tls: {certificate: c, key: k, client_crl: x, client_certificates: "
        "required}}]\n";
    CHECK(contains(errors_of(tls), "client_crl belongs to client_ca"));
    CHECK(contains(errors_of(tls), "client_certificates belongs to client_ca"));
}

TEST_CASE("whose revocation lists are asked for is a word, and belongs to lists") {
    const auto tls = [](const std::string& more) {
        return errors_of("listeners: [{address: \"127.0.0.1:0\", tls: {certificate: c, key: k" + more + "}}]\n");
    };
    CHECK(contains(tls(", client_crl_of: chain"), "client_crl_of belongs to client_ca"));
    CHECK(contains(tls(", client_ca: a, client_crl_of: chain"), "client_crl_of belongs to client_crl"));
    CHECK(contains(tls(", client_ca: a, client_crl: b, client_crl_of: all"), "issuer"));
    CHECK(contains(tls(", session_tickets: 7h"), "6h"));
    CHECK(contains(tls(", ocsp_response: nowhere"), "cannot read the OCSP response"));
}

}  // namespace adit::config
