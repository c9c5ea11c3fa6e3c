// Circuits of one id, and whom events are told.
#include <doctest/doctest.h>

#include "connector/config/event_kind.h"
#include "tests/unit/config/loading.h"

namespace adit::config {
namespace {

using test::errors_of;

std::string errors_of_webhook(const std::string& webhook) {
    return errors_of("backends: {a: {endpoints: [http://x]}}\nroutes: [{match: {}, backend: a}]\nwebhooks: {w: {" +
                     webhook + "}}\n");
}

}  // namespace

TEST_CASE("circuits of one id have one set of settings, wherever they stand") {
    const auto errors_with = [](const std::string& a, const std::string& route) {
        return errors_of("backends:\n  a: {endpoints: [http://x], circuit: {" + a +
                         "}}\nroutes:\n  - {match: {}, backend: a, circuit: {" + route + "}}\n");
    };
    CHECK(errors_with("id: one, consecutive: 3", "id: one, consecutive: 3") == "");
    CHECK(errors_with("id: one, per: endpoint", "id: one") == "");
    CHECK(errors_with("id: one, consecutive: 3", "id: other") == "");
    CHECK(errors_with("consecutive: 3", "consecutive: 4") == "");
    const std::string told = errors_with("id: one, consecutive: 3", "id: one");
    CHECK_MESSAGE(told.find("the circuit 'one' has other settings at ") != std::string::npos, told);
    CHECK_MESSAGE(told.find("circuits of one id are one") != std::string::npos, told);
}

TEST_CASE("events go over https, or to this machine, signed by a key, and are known ones") {
    for (const char* good : {"url: https://x/hook, secret: plain", "url: http://localhost:1/, secret: whsec_QUJD",
                             "url: 'http://[::1]:9/x?y', secret: s, events: [circuit.*, ban, '*']"}) {
        CHECK_MESSAGE(errors_of_webhook(good) == "", good);
    }
    const auto complains = [](const std::string& webhook, const std::string& about) {
        const std::string told = errors_of_webhook(webhook);
        CHECK_MESSAGE(told.find(about) != std::string::npos, told);
    };
    complains("url: http://hooks.example, secret: s", "over https");
    complains("url: ftp://x, secret: s", "this is no URL of a webhook");
    complains("url: https://x, secret: ''", "found an empty value");
    complains("url: https://x, secret: whsec_", "the secret is whsec_ and base64");
    complains("url: https://x, secret: 'whsec_%%'", "the secret is whsec_ and base64");
    complains("url: https://x, secret: s, events: [circuit.opend]", "did you mean 'circuit.opened'?");
    complains("url: https://x, secret: s, events: ['circuit.o*']", "there is no event 'circuit.o*'");
    complains("url: https://x, secret: s, ca: /nowhere.pem", "CA file");
}

}  // namespace adit::config
