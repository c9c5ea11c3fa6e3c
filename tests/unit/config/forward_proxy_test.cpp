// A listener that is a forward proxy, as configured.
#include <doctest/doctest.h>

#include "tests/unit/config/loading.h"

namespace adit::config {
namespace {

using test::errors_of;
using namespace std::chrono_literals;
using yaml::test::environment;
using yaml::test::TemporaryFiles;

constexpr const char* kTunnels = "tunnels: { directory: d, tls: { address: \"127.0.0.1:0\", key: k } }\n";

/// The listener with these further keys, and the rest of a file that is in order.
std::string file(const std::string& keys, const std::string& tunnels = kTunnels) {
    return "listeners: [ { address: \"127.0.0.1:0\", " + keys + " } ]\n" + tunnels;
}

}  // namespace

TEST_CASE("a forward proxy has policies, and times of its own") {
    const TemporaryFiles files;
    const auto loaded = load(
        files.write("adit.yaml", file("forward_proxy: { policies: [basic, anonymous], idle_timeout: 1m, timeouts: { "
                                      "connect: 2s }, access: [ { consumer: anonymous } ] }")),
        environment());
    REQUIRE_MESSAGE(loaded, loaded.error().text());
    const ForwardProxy& proxy = *loaded->listeners[0].forward_proxy;
    CHECK(proxy.policies == std::vector<std::string>{"basic", "anonymous"});
    CHECK(proxy.idle_timeout == 1min);
    CHECK(proxy.timeouts.connect == 2s);
    CHECK(proxy.timeouts.idle == 60s);
    REQUIRE(proxy.access);
    CHECK(proxy.access->at(0).consumer == "anonymous");
    CHECK(loaded->enforces_access);
    CHECK(ForwardProxy().idle_timeout == 5min);
}

TEST_CASE("what is wrong with a forward proxy is told at its place") {
    CHECK(errors_of(file("forward_proxy: {}")) == "adit.yaml:1:55: 'policies' is missing in forward_proxy\n");
    CHECK(errors_of(file("forward_proxy: { policies: [] }")) ==
          "adit.yaml:1:67: a forward proxy has to know who calls: name a policy, or 'anonymous' to let anybody in\n");
    CHECK(errors_of(file("forward_proxy: { policies: [basic] }, https_redirect_port: 443")) ==
          "adit.yaml:1:99: this listener is a forward proxy; https_redirect_port is for one that serves routes\n");
    CHECK(errors_of(file("forward_proxy: { policies: [basic] }", "")) ==
          "adit.yaml:1:55: a forward proxy leads to services of tunnels, but 'tunnels' is missing\n");
    CHECK(errors_of(file("forward_proxy: { policies: [basci] }")) ==
          "adit.yaml:1:68: there is no policy 'basci' (policies: api-key, basic, mtls, anonymous)\n");
    CHECK(errors_of(file("forward_proxy: { policies: [mtls] }")) ==
          "adit.yaml:1:68: policy 'mtls' needs a listener with tls.client_ca, and none has it\n");
    CHECK(errors_of(file("forward_proxy: { policies: [basic], access: [ { consumer: nobody } ] }")) ==
          "adit.yaml:1:98: there is no consumer 'nobody' (there are no consumers)\n");
}

}  // namespace adit::config
