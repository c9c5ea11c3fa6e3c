// What templates of claims become for a request.
#include "connector/credential/claims.h"

#include <doctest/doctest.h>

#include "tests/unit/credential/occasion.h"

namespace adit::credential {

TEST_CASE("templates are filled in with who calls and what is asked for") {
    test::Request request;
    const struct {
        const char* text;
        std::optional<std::string> known;
        std::optional<std::string> unknown;
    } table[] = {
        {"fixed", "fixed", "fixed"},
        {"{consumer}", "storefront", std::nullopt},
        {"{environment}/{consumer}", "production/storefront", std::nullopt},
        {"{attribute.plan}", "gold", std::nullopt},
        {"{attribute.absent}", std::nullopt, std::nullopt},
        {"{project}", std::nullopt, std::nullopt},
        {"{route}", "orders", "orders"},
        {"{method} {path}", "POST /v1/orders", "POST /v1/orders"},
        {"{host}", "origin.example.com", "origin.example.com"},
        {"{request_id}", "req_1", "req_1"},
        {"{request.header.x-tenant}", "acme", "acme"},
        {"{header.X-Tenant}", "acme", "acme"},
        {"{request.header.x-absent}", std::nullopt, std::nullopt},
        {"tenant {request.header.x-absent}", std::nullopt, std::nullopt},
        {"{request.header.x-broken}", std::nullopt, std::nullopt},
        {"{request.header.x-long}", std::nullopt, std::nullopt},
        {"{{{consumer}}}", "{storefront}", std::nullopt},
    };
    for (const auto& [text, known, unknown] : table) {
        CAPTURE(text);
        CHECK(ClaimTemplate(text).expand(request.occasion()) == known);
        CHECK(ClaimTemplate(text).expand(request.occasion(false)) == unknown);
    }
}

}  // namespace adit::credential
