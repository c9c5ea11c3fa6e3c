// A request on its way to an origin, for tests of what goes into it.
#pragma once

#include "common/net/worker.h"
#include "connector/backend/credential.h"

namespace adit::credential::test {

/// Owns everything that its occasion points to.
struct Request {
    Request() {
        head.method = "POST";
        head.fields.push_back({"X-Tenant", "acme"});
        head.fields.push_back({"X-Broken", "\xff"});
        head.fields.push_back({"X-Long", long_value});
        caller.consumer = "storefront";
        caller.environment = "production";
        caller.attributes["plan"] = "gold";
    }
    backend::Occasion occasion(bool known = true) {
        return {.request = head,
                .authority = "origin.example.com:8443",
                .path = "/v1/orders",
                .caller = known ? &caller : nullptr,
                .route = "orders",
                .request_id = "req_1",
                .loop = worker.loop(),
                .deadline = net::Clock::now() + std::chrono::seconds(5)};
    }

    std::string long_value = std::string(5'000, 'x');
    http::RequestHead head;
    access::Caller caller;
    net::Worker worker{0};
};

}  // namespace adit::credential::test
