// Two configurations are compared by names of their parts; no value shows.
#include "connector/config/outline.h"

#include "tests/unit/config/loading.h"

using namespace adit;
using config::changed_parts;
using config::test::loaded;

namespace {

using Names = std::vector<std::string>;

std::string file(const std::string& workers, const std::string& secret, const std::string& routes) {
    return "workers: " + workers + "\nadmin: {address: \"127.0.0.1:1\", token: a-token-of-operators-" + secret +
           "}\nbackends:\n  a: {endpoints: [\"http://h:1\"]}\n  b: {endpoints: [\"http://h:2\"]}\nroutes:\n" + routes;
}

Names changes(const std::string& was, const std::string& now) {
    return changed_parts(loaded(was).outline, loaded(now).outline);
}

const std::string kRoute = "  - {name: one, match: {path: /1}, backend: a}\n";
const std::string kOther = "  - {match: {path: /2}, backend: b}\n";

}  // namespace

TEST_CASE("what is the same has no change, wherever it stands") {
    CHECK(changes(file("1", "x", kRoute), file("1", "x", kRoute)).empty());
    CHECK(changes(file("1", "x", kRoute), "# words\n" + file("1", "x", kRoute)).empty());
    CHECK(loaded(file("1", "x", kRoute)).outline.digest == loaded("# words\n" + file("1", "x", kRoute)).outline.digest);
}

TEST_CASE("parts that came, went or are others are named") {
    CHECK(changes(file("1", "x", kRoute), file("2", "x", kRoute + kOther)) == Names{"routes.1", "workers"});
    CHECK(changes(file("1", "x", kRoute + kOther), file("1", "x", kRoute)) == Names{"routes.1"});
    CHECK(changes(file("1", "x", kRoute), file("1", "x", "  - {name: one, match: {path: /1}, backend: b}\n")) ==
          Names{"routes.one"});
    CHECK(changes("workers: 1\n", file("1", "x", kRoute)) ==
          Names{"admin.address", "admin.token", "backends.a", "backends.b", "routes.one"});
}

TEST_CASE("a secret that changes is a change, and is in neither digest nor name") {
    const auto was = loaded(file("1", "first", kRoute)).outline;
    const auto now = loaded(file("1", "second", kRoute)).outline;
    CHECK(was.digest == now.digest);
    CHECK(was.digest.size() == 64);
    CHECK(changed_parts(was, now) == Names{"admin.token"});
}
