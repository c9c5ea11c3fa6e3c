// What a reload cannot change, whatever reloads there were before.
#include "connector/fixed_settings.h"

#include <doctest/doctest.h>

using namespace adit;

namespace {

config::Configuration served_at(const std::string& host, std::uint32_t workers = 1) {
    config::Configuration configuration;
    configuration.workers = workers;
    configuration.admin.emplace();
    configuration.admin->address = net::HostPort{host, 9901};
    return configuration;
}

}  // namespace

TEST_CASE("a configuration is compared with the one of the start") {
    const FixedSettings fixed(served_at("0.0.0.0"));
    CHECK(fixed.changed_in(served_at("0.0.0.0")).empty());
    CHECK(fixed.changed_in(served_at("127.0.0.1")) == std::vector<std::string>{"admin"});
    CHECK(fixed.changed_in(served_at("0.0.0.0", 2)) == std::vector<std::string>{"workers"});
    config::Configuration without = served_at("0.0.0.0");
    without.admin.reset();
    CHECK(fixed.changed_in(without) == std::vector<std::string>{"admin"});
    config::Configuration other = served_at("0.0.0.0");
    other.tunnels.emplace();
    other.sandbox.paths = {"/srv"};
    CHECK(fixed.changed_in(other) == std::vector<std::string>{"tunnels", "sandbox"});
}

TEST_CASE("tokens and certificates of the admin address change by a reload") {
    config::Configuration now = served_at("0.0.0.0");
    now.admin->token = SharedSecret("another-token-of-operators");
    now.admin->tls.emplace();
    now.admin->audit = "audit.jsonl";
    const FixedSettings fixed(served_at("0.0.0.0"));
    CHECK(fixed.changed_in(now).empty());
    CHECK(fixed.guards_our_door(now));
}

TEST_CASE("demands that were judged by another address are not those of the open door") {
    const FixedSettings fixed(served_at("0.0.0.0"));
    CHECK_FALSE(fixed.guards_our_door(served_at("127.0.0.1")));
    CHECK_FALSE(fixed.guards_our_door({}));
    CHECK_FALSE(FixedSettings(config::Configuration()).guards_our_door(served_at("0.0.0.0")));
}
