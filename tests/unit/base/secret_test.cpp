// Secrets, the memory that they are in, and what is left of them.
#include "common/base/secret.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <vector>

#include "common/base/locked_memory.h"
#include "common/base/secret_scope.h"

using namespace adit;

TEST_CASE("a secret is in memory for secrets, and what it was made of is wiped") {
    std::string text(100, 's');
    const char* place = text.data();
    const Secret secret(std::move(text));
    CHECK(secret.reveal() == std::string(100, 's'));
    CHECK(is_for_secrets(secret.reveal().data()));
    CHECK_FALSE(is_for_secrets(place));
}

TEST_CASE("a short text that is moved into a secret leaves no copy behind, in its own few characters either") {
    for (const std::size_t size : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{100}}) {
        CAPTURE(size);
        std::string text(size, 's');
        const char* place = text.data();
        const Secret secret(std::move(text));
        CHECK(secret.reveal() == std::string(size, 's'));
        CHECK(std::string_view(place, size) == std::string(size, '\0'));
        CHECK(text.empty());  // NOLINT(bugprone-use-after-move): what is left is what this is about

        std::string other(size, 't');
        place = other.data();
        const SharedSecret shared(std::move(other));
        CHECK(shared.reveal() == std::string(size, 't'));
        CHECK(std::string_view(place, size) == std::string(size, '\0'));
    }
}

TEST_CASE("memory that is given back is wiped before somebody else gets it") {
    auto* first = static_cast<char*>(allocate_locked(64));
    std::fill_n(first, 64, 'x');
    free_locked(first, 64);
    auto* again = static_cast<char*>(allocate_locked(64));
    CHECK(again == first);
    CHECK(std::string_view(again, 64) == std::string(64, '\0'));
    free_locked(again, 64);
}

TEST_CASE("a moved secret is in one place, a copied one in two") {
    Secret first(std::string("one"));
    const char* place = first.reveal().data();
    Secret second(std::move(first));
    CHECK(first.empty());
    CHECK(second.reveal().data() == place);
    const Secret third = second.copy();
    CHECK((third.reveal() == "one" && third.reveal().data() != place));
    second = Secret();
    CHECK(second.empty());
    CHECK(Secret(std::string()).copy().empty());
}

TEST_CASE("copies of a configuration's secret share it, and say the same") {
    const SharedSecret one("k3y");
    const SharedSecret copied = one;
    CHECK(copied.reveal().data() == one.reveal().data());
    CHECK(one == SharedSecret("k3y"));
    CHECK_FALSE(one == SharedSecret("key"));
    CHECK((SharedSecret().empty() && SharedSecret("").empty() && SharedSecret() == SharedSecret("")));
}

TEST_CASE("more secrets than places are kept all the same, and told of") {
    const LockedMemory before = locked_memory();
    constexpr std::size_t kLarge = 64 * 1024;
    void* large = allocate_locked(kLarge);
    CHECK_FALSE(is_for_secrets(large));
    CHECK(locked_memory().unlocked == before.unlocked + kLarge);
    CHECK_FALSE(locked_memory().reason.empty());
    free_locked(large, kLarge);
    CHECK(locked_memory().unlocked == before.unlocked);
}

TEST_CASE("many secrets of all sizes keep out of each other's way") {
    std::vector<Secret> all;
    for (std::size_t i = 0; i < 2'000; ++i) {
        all.emplace_back(std::string(1 + i * 37 % 300, static_cast<char>('a' + i % 26)));
        if (i % 3 == 2) {
            all[i / 2] = Secret();
        }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        const char wanted = static_cast<char>('a' + i % 26);
        CHECK(all[i].reveal().find_first_not_of(wanted) == std::string_view::npos);
    }
}

TEST_CASE("scopes nest, and end") {
    CHECK_FALSE(SecretScope::active());
    {
        const SecretScope outer;
        {
            const SecretScope inner;
        }
        CHECK(SecretScope::active());
        std::vector<std::string> grown;  // what grows is freed, and freed again
        for (int i = 0; i < 100; ++i) {
            grown.emplace_back(1000, 'x');
        }
    }
    CHECK_FALSE(SecretScope::active());
}
