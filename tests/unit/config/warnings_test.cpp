// Configurations that are good and defeat themselves, and what they are told.
#include "connector/config/warnings.h"

#include <doctest/doctest.h>

#include <sstream>

#include "connector/config/check.h"
#include "connector/config/load.h"
#include "connector/config/tries.h"
#include "tests/unit/yaml/support.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using yaml::test::TemporaryFiles;

/// "line:column: message" of each warning about this text.
std::string warnings_of(const std::string& text) {
    const TemporaryFiles files;
    const auto path = files.write("adit.yaml", text);
    const auto configuration = load(path, yaml::test::environment());
    if (!configuration) {
        return "errors: " + yaml::test::lines(configuration.error(), files.directory());
    }
    std::string all = yaml::test::lines(configuration->warnings, files.directory());
    for (auto at = all.find("adit.yaml:"); at != std::string::npos; at = all.find("adit.yaml:", at)) {
        all.erase(at, 10);
    }
    return all;
}

/// A file whose third line is what is written of backend `web`, and whose fifth is the end of its route.
std::string file(const std::string& backend, const std::string& route = {}, const std::string& more = {}) {
    return "listeners: [{address: \"127.0.0.1:80\"}]\nbackends:\n  web: {endpoints: [http://a]" + backend +
           "}\nroutes:\n  - {match: {path: /x}, backend: web" + route + "}\n" + more;
}

struct Case {
    const char* backend;
    const char* expected;  ///< the place of the first warning, and the beginning of its words
};

void check_each(std::initializer_list<Case> cases) {
    for (const auto& [backend, expected] : cases) {
        CAPTURE(backend);
        const std::string told = warnings_of(file(backend));
        CHECK_MESSAGE(told.starts_with(expected), told);
    }
}

}  // namespace

TEST_CASE("what goes together is told nothing") {
    for (const char* backend :
         {"", ", retry: {}", ", circuit: {}", ", bulkhead: {}", ", cache: {}", ", health: {tcp: {}}",
          ", retry: {attempts: 3}, timeouts: {total: 20s}",
          ", timeouts: {connect: 5s, first_byte: 30s, total: 60s}, retry: {attempts: 3}, circuit: {window: 60s}",
          ", timeouts: {per_try: 2s, total: 10s}, retry: {attempts: 3, hedge: {}}"}) {
        CAPTURE(backend);
        CHECK(warnings_of(file(backend)) == "");
    }
}

TEST_CASE("timeouts that work against each other") {
    check_each({
        {", timeouts: {connect: 5s, per_try: 2s}", "3:52: connect (5s) is longer than per_try (2s)"},
        {", timeouts: {connect: 1s, first_byte: 2s, per_try: 4s}", "3:81: per_try (4s) never counts"},
        {", timeouts: {first_byte: 30s, total: 10s}", "3:55: first_byte (30s) never counts: total (10s)"},
        {", timeouts: {idle: 30s, total: 10s}", "3:49: idle (30s) never counts: total (10s)"},
        {", timeouts: {connect: 1s, tls: 2s}", "3:61: tls (2s) never counts: it is part of connect (1s)"},
    });
}

TEST_CASE("retries that cannot do what they say") {
    check_each({
        {", timeouts: {per_try: 10s, total: 20s}, retry: {attempts: 3}",
         "3:88: 3 tries of 10s, with their back-off, can take 30150ms: longer than total (20s)"},
        {", timeouts: {per_try: 10s, total: 15s}, retry: {}", "3:52: 2 tries of 10s"},
        {", retry: {attempts: 1, on: [502]}", "3:50: nothing is tried again: attempts counts the first"},
        {", retry: {budget: {percent: 0, floor: 0}}", "3:48: nothing is tried again: a budget of 0"},
        {", retry: {budget: {percent: 100}}", "3:58: a budget of 100 percent is next to none"},
        {", retry: {attempts: 1, hedge: {}}", "3:60: hedge never comes: it is a second try"},
        {", retry: {hedge: {after: 40s}}", "3:55: after (40s) never comes: a try ends after 35s"},
        {", retry: {backoff: 2s}", "3:49: backoff (2s) is longer than backoff_most (1s)"},
        {", retry: {on: [400-404]}", "3:44: status 400 says that the request is wrong"},
        {", retry: {header: x-again, on: [reset]}", "3:48: header never counts"},
        {", timeouts: {total: 5s}, retry: {retry_after_most: 9s}", "3:81: retry_after_most (9s) never counts"},
    });
}

TEST_CASE("circuits that never open, or cannot see what they should") {
    check_each({
        {", circuit: {window: 10s}, timeouts: {first_byte: 30s}", "3:50: window (10s) is shorter than a try may take"},
        {", circuit: {window: 10s}, timeouts: {total: 20s}", "3:50: window (10s) is shorter than a try may take (20s)"},
        {", circuit: {window_calls: 10, minimum: 20}", "3:69: the window of 10 calls never has the minimum of 20"},
        {", circuit: {window_calls: 10, minimum: 5, failures: 11}", "3:82: never reached"},
        {", circuit: {consecutive: 0, failure_rate: 0}", "3:41: this circuit never opens: consecutive"},
        {", circuit: {on: []}", "3:46: this circuit never opens: nothing counts"},
        {", circuit: {window: 60s, slow_rate: 50, slow: 40s}", "3:76: no call is ever slow (40s)"},
        {", circuit: {slow: 2s}", "3:48: slow never counts: slow_rate is 0"},
        {", circuit: {cooldown: 400s}", "3:52: cooldown (400s) is longer than cooldown_most (5m)"},
        {", circuit: {sharing: exact}", "3:51: sharing never counts: there is no 'state'"},
    });
}

TEST_CASE("bulkheads, endpoints and caches that come to nothing") {
    check_each({
        {", timeouts: {total: 2s}, bulkhead: {queue_timeout: 2s}", "3:81: queue_timeout (2s) leaves no time"},
        {", bulkhead: {queue: 0, queue_timeout: 2s}", "3:68: queue_timeout never counts: queue is 0"},
        {", bulkhead: {concurrent: 4, adaptive: {}}", "3:68: nothing adapts: the minimum (4)"},
        {", health: {tcp: {}, interval: 1s, timeout: 2s}", "3:73: timeout (2s) is longer than interval (1s)"},
        {", health: {tcp: {}, unhealthy: 1, healthy: 1}", "3:61: an endpoint comes and goes"},
        {", outlier: {}", "3:41: nothing is ever ejected: the backend has one endpoint"},
        {", balance: {zone: north}", "3:48: no endpoint is in zone 'north'"},
        {", cache: {entry_bytes: 64MiB}", ""},
        {", fallback: {to: [{static: {body: a}}, {static: {body: b}}]}", "3:69: never asked"},
    });
    const std::string twice = warnings_of(
        "backends: {web: {endpoints: [http://a], fallback: {to: [{backend: b}, {backend: b}]}}, b: {endpoints: "
        "[http://b]}}\n");
    CHECK_MESSAGE(twice.starts_with("1:71: backend 'b' was asked already"), twice);
    CHECK(warnings_of(file(", cache: {}", "", "cache: {memory: 0}\n")).contains("3:39: nothing is kept"));
    CHECK(warnings_of(file(", cache: {entry_bytes: 2MiB}", "", "cache: {memory: 1MiB}\n"))
              .contains("3:53: entry_bytes is more than all caches"));
}

TEST_CASE("a route is told what does not fit its backend") {
    const auto told = warnings_of(file(", timeouts: {total: 10s}, retry: {attempts: 3}", ", timeouts: {per_try: 5s}"));
    CHECK(told ==
          "5:59: 3 tries of 5s, with their back-off, can take 15150ms: longer than total (10s), which cuts the "
          "last ones off\n");
    CHECK(warnings_of(file("", ", cache: {}", "")) == "");
    CHECK(warnings_of("backends: {web: {endpoints: [http://a]}}\n"
                      "routes: [{match: {methods: [POST]}, backend: web, cache: {}}]\n")
              .starts_with("2:58: nothing is kept: answers to GET and HEAD are"));
    CHECK(warnings_of("routes: [{match: {path: /a}, static: {body: x}, circuit: {}}]\n")
              .starts_with("1:58: circuit never counts: route */a answers itself"));
    CHECK(warnings_of("backends: {on: {endpoints: [\"internal://b\"]}, web: {endpoints: [http://a]}}\n"
                      "routes: [{match: {path: /a}, backend: on, retry: {attempts: 3}}, {name: b, match: {path: /b}, "
                      "backend: web}]\n")
              .starts_with("2:50: retry never counts: requests go on to route b"));
}

TEST_CASE("timeouts of the whole file are looked at where they stand") {
    CHECK(warnings_of(file("", "", "timeouts: {connect: 3s, per_try: 2s}\n")).starts_with("6:21: connect (3s)"));
}

TEST_CASE("what is to wait or to be shed first needs something that comes before it") {
    CHECK(warnings_of(file("", ", essential: false")).contains("no backend is essential"));
    CHECK(warnings_of(file("", ", essential: false")).contains("no route is essential"));
    CHECK(warnings_of(file("", ", priority: critical")).starts_with("5:49: every route is critical"));
    CHECK(warnings_of(file("", ", priority: critical", "shed: {enabled: false}\n")) == "");
}

TEST_CASE("warnings are shown with their lines, and end a strict check with 1") {
    const TemporaryFiles files;
    const auto path = files.write("adit.yaml", file(", circuit: {slow: 2s}"));
    const auto run = [&](Output output, Strictness strictness) {
        std::ostringstream out;
        std::ostringstream err;
        const int status = run_check(path, output, strictness, out, err);
        CHECK(err.str().empty());
        return std::pair(status, out.str());
    };
    const auto [status, text] = run(Output::text, Strictness::usual);
    CHECK(status == 0);
    CHECK(text.ends_with(path.string() + ":3:48: warning: slow never counts: slow_rate is 0\n"
                                         "  3 |   ...: {endpoints: [...], circuit: {slow: ...}}\n"
                                         "    |                                           ^\n"));
    CHECK(run(Output::text, Strictness::strict).first == 1);
    const std::string told = run(Output::json, Strictness::usual).second;
    CHECK(told.contains("\"places\":[{\"file\":\"" + path.string() +
                        "\",\"line\":3,\"column\":48,\"message\":\"slow never counts: slow_rate is 0\"}]"));
    CHECK(told.contains(path.string() + ":3:48: slow never counts: slow_rate is 0\""));
}

TEST_CASE("callers who say themselves who they are, and operators who are not asked") {
    const std::string limit = "policies:\n  p: {rate_limit: {limits: [{requests: 1}], by: ";
    CHECK(warnings_of(file("", ", policies: [p]", limit + "header x-tenant}}\n"))
              .starts_with("7:49: a client that writes another x-tenant has tokens of its own"));
    CHECK(warnings_of(file("", ", policies: [p]", limit + "client_ip}}\n")) == "");
    for (const char* here : {"127.0.0.1:9090", "[::1]:9090", "localhost:9090"}) {
        CHECK(warnings_of(file("", "", std::string("admin: {address: \"") + here + "\"}\n")) == "");
    }
    CHECK(warnings_of(file("", "", "admin: {address: \"127.0.0.1:9090\", metrics: \"0.0.0.0:9091\"}\n")) == "");
}

TEST_CASE("what is written beside the configuration opens its folder for writing") {
    const auto told = [](const std::string& more) { return warnings_of(file("", "", more)); };
    const std::string admin = "admin: {address: \"127.0.0.1:9090\", audit: ";
    CHECK(told(admin + "audit.jsonl}\n").find("6:43: the audit log leaves ") == 0);
    CHECK(told(admin + "logs/audit.jsonl}\n") == "");
    CHECK(told(admin + "audit.jsonl}\nsandbox: {mode: off}\n") == "");
    CHECK(told("log: {sinks: [{file: {path: a.log}}]}\n").find("6:29: the log file leaves ") == 0);
    CHECK(told("log: {sinks: [{file: {path: logs/a.log}}]}\n") == "");
    CHECK(told("sandbox: {paths: [more, ..]}\n").find("6:25: the sandbox's path leaves ") == 0);
    CHECK(told("sandbox: {paths: [/]}\n").find("6:19: the root opens nothing") == 0);
    CHECK(told("issuers: {i: {url: \"https://i.example.com\", directory: keys}}\n") == "");
    CHECK(told("issuers: {i: {url: \"https://i.example.com\", directory: .}}\n").find("6:56: issuer i leaves ") == 0);
}

TEST_CASE("how long tries may take") {
    const auto retry = [](std::uint32_t attempts) {
        Retry some;
        some.attempts = attempts;
        some.backoff = 100ms;
        some.backoff_most = 250ms;
        return some;
    };
    CHECK(longest_try({}, {}) == 35s);
    CHECK(longest_try({.total = 10s}, {}) == 10s);
    CHECK(longest_try({.total = 30s}, retry(2)) == 10s);
    CHECK(longest_try({.total = 12s}, retry(3)) == 4s);
    CHECK(longest_try({.per_try = 2s, .total = 30s}, retry(2)) == 2s);
    CHECK(longest_backoff(retry(1)) == 0s);
    CHECK(longest_backoff(retry(4)) == 550ms);
    CHECK(worst_case({.per_try = 2s}, retry(2)) == 4100ms);
    CHECK(worst_case({.per_try = 2s, .total = 3s}, retry(2)) == 3s);
    CHECK(worst_case({}, {}) == 35s);
}

}  // namespace adit::config
