// Issuers' URLs, and templates of claims: what is taken, and what is said of the rest.
#include "connector/config/issuers.h"

#include <doctest/doctest.h>

#include "connector/config/claim_template.h"

namespace adit::config {

TEST_CASE("an issuer's URL is taken in the one form that verifiers compare with") {
    for (const char* url :
         {"https://issuer.example.com", "https://issuer.example.com/tenants/a", "https://issuer.example.com:8443/a",
          "http://127.0.0.1:8080", "http://localhost/a", "http://[::1]:8080/a", "https://[2001:db8::1]"}) {
        CAPTURE(url);
        const auto parsed = parse_issuer_url(url);
        REQUIRE(parsed);
        CHECK(issuer_url(*parsed) == url);
    }
    const struct {
        const char* url;
        const char* said;
    } refused[] = {
        {"https://issuer.example.com/", "write it as https://issuer.example.com,"},
        {"https://issuer.example.com:443/a", "write it as https://issuer.example.com/a"},
        {"https://Issuer.example.com", "write it as https://issuer.example.com"},
        {"http://issuer.example.com", "must be https"},
        {"http://10.0.0.1", "must be https"},
        {"service://issuer", "an https:// URL"},
        {"internal://issuer", "an https:// URL"},
        {"issuer.example.com", ""},
        {"https://issuer.example.com/a?b=c", "no query"},
        {"https://user@issuer.example.com", "user"},
    };
    for (const auto& [url, said] : refused) {
        CAPTURE(url);
        const auto parsed = parse_issuer_url(url);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().message.contains(said));
    }
}

TEST_CASE("the issuers that a backend's credential uses are found in all of its parts") {
    Assertion by_issuer;
    by_issuer.issuer = "main";
    Assertion by_key;
    by_key.key = "key.pem";
    Backend backend;
    CHECK(issuer_uses(backend).empty());
    backend.credential.oauth2_client_credentials.emplace().assertion = by_key;
    CHECK(issuer_uses(backend).empty());
    backend.credential.oauth2_client_credentials->assertion = by_issuer;
    backend.credential.signed_jwt.emplace().issuer = "main";
    backend.credential.azure_ad.emplace().federated = by_issuer;
    backend.credential.gcp_federated.emplace().federated = by_issuer;
    backend.credential.gcp_federated->aws.emplace().federated = by_issuer;
    backend.credential.aws_sigv4.emplace().keys.federated = by_issuer;
    const auto uses = issuer_uses(backend);
    CHECK(uses.size() == 6);
    for (const IssuerUse& use : uses) {
        CAPTURE(use.path.front());
        CHECK(use.issuer == "main");
        CHECK(use.backend == &backend);
    }
}

TEST_CASE("templates of claims know names, and say which they know") {
    for (const char* text :
         {"", "fixed", "{consumer}", "{environment}:{project}", "{attribute.plan}", "{route}", "{method} {host}{path}",
          "{request_id}", "{request.header.x-tenant}", "{header.x-tenant}", "{{literal}}"}) {
        CAPTURE(text);
        CHECK(parse_claim_template(text));
    }
    for (const char* text : {"{", "}", "{consumer", "{}", "{claims.x}", "{attribute.}", "{request.header.}", "{query}",
                             "{client_ip}", "a\nb"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_claim_template(text));
    }
}

TEST_CASE("claims that this connector writes are its own") {
    for (const char* name :
         {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "consumer", "environment", "route", "gateway"}) {
        CHECK(is_reserved_claim(name));
    }
    CHECK_FALSE(is_reserved_claim("plan"));
}

}  // namespace adit::config
