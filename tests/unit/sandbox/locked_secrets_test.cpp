// The one part of the sandbox that can be lost while a process runs.
#include <doctest/doctest.h>

#include "common/base/locked_memory.h"
#include "common/sandbox/sandbox.h"

using namespace adit;

namespace {

constexpr std::size_t kTooMuch = 64 * 1024;  ///< for one of the places in locked memory

bool shown(metrics::Registry& registry, const std::string& value) {
    return registry.exposition().contains("adit_sandbox_active{measure=\"locked_secrets\"} " + value + "\n");
}

}  // namespace

TEST_CASE("secrets that are not locked any more are told of as long as there are any") {
    sandbox::Standing standing{.measures = {{std::string(sandbox::kSecrets), true, "all"}},
                               .mode = sandbox::Mode::required};
    metrics::Registry registry;
    void* secret = allocate_locked(kTooMuch);
    sandbox::look_again(standing, registry);
    CHECK_FALSE(standing.active(sandbox::kSecrets));
    CHECK(shown(registry, "0"));
    const auto checked = sandbox::check_required(standing);
    REQUIRE_FALSE(checked);
    CHECK(
        checked.error().message.starts_with("the sandbox is required, and part of it cannot be had: locked_secrets: "));
    free_locked(secret, kTooMuch);
    sandbox::look_again(standing, registry);
    CHECK(standing.active(sandbox::kSecrets));
    CHECK(shown(registry, "1"));
    CHECK(sandbox::check_required(standing));
}

TEST_CASE("what is missing refuses nothing where the sandbox is not required") {
    sandbox::Standing standing{.measures = {{std::string(sandbox::kSecrets), false, "why"}}};
    CHECK(sandbox::check_required(standing));
    standing.mode = sandbox::Mode::off;
    CHECK(sandbox::check_required(standing));
}
