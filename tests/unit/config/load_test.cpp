// Loading the connector's configuration: what a good file means, and each error with its place.
#include "connector/config/load.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "connector/config/table.h"
#include "tests/unit/yaml/support.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using yaml::test::environment;
using yaml::test::TemporaryFiles;

std::string errors_of(const TemporaryFiles& files, const std::string& text) {
    const auto loaded = load(files.write("adit.yaml", text), environment());
    if (loaded) return "";
    auto errors = yaml::test::lines(loaded.error(), files.directory());
    return errors;
}

Configuration load_good(const TemporaryFiles& files, const std::string& text) {
    const auto loaded = load(files.write("adit.yaml", text), environment());
    REQUIRE_MESSAGE(loaded, loaded.error().text());
    return *loaded;
}

constexpr const char* complete = R"(log: { level: debug, format: json }
workers: 2
admin: { address: 127.0.0.1:9901 }
listeners:
  - address: 127.0.0.1:8080
  - name: public
    address: "[::]:8443"
    tls: { certificate: server.crt, key: server.key }
    limits: { header_bytes: 16KiB, header_timeout: 5s, idle_timeout: 30s, body_bytes: 10MiB, connections: 500, connections_per_client: 20, min_rate: 4KiB, min_rate_after: 30s }
tunnels:
  directory: tunnels.d
  tls: { address: 0.0.0.0:7443, key: connector.key, advertise: [tunnel.example.com:7443] }
backends:
  payments:
    endpoints: [service://payments-api, http://10.0.0.5:8080/base/]
    timeouts: { connect: 1s, first_byte: 2s, idle: 3s, total: 0s }
  web:
    endpoints: ["http://[::1]"]
routes:
  - name: pay
    match: { host: "API.example.com.", path: /v1/payments/** }
    backend: payments
  - match: { host: "*.example.com" }
    backend: web
  - match: {}
    backend: web
)";

}  // namespace

TEST_CASE("a complete file is read") {
    const TemporaryFiles files;
    files.write("server.crt", "");
    files.write("server.key", "");
    const auto c = load_good(files, complete);
    CHECK(c.log.level == logging::Level::debug);
    CHECK(c.log.format == logging::Format::json);
    CHECK(c.workers == 2);
    CHECK(c.admin->address.text() == "127.0.0.1:9901");
    REQUIRE(c.listeners.size() == 2);
    CHECK(c.listeners[0].name == "127.0.0.1:8080");
    CHECK_FALSE(c.listeners[0].tls);
    CHECK(c.listeners[1].name == "public");
    CHECK(c.listeners[1].address.host == "::");
    CHECK(c.listeners[1].tls->certificate == files.directory() / "server.crt");
    CHECK(c.listeners[1].limits.header_bytes == 16 * 1024);
    CHECK(c.listeners[1].limits.connections_per_client == 20);
    CHECK(c.listeners[1].limits.min_rate == 4096);
    CHECK(c.listeners[1].limits.min_rate_after == 30s);
    CHECK(c.listeners[1].limits.body_bytes == 10 * 1024 * 1024);
    CHECK(c.listeners[1].limits.connections == 500);
    CHECK(c.tunnels->directory == files.directory() / "tunnels.d");
    CHECK(c.tunnels->tls->key == files.directory() / "connector.key");
    CHECK(c.tunnels->tls->advertise.at(0).text() == "tunnel.example.com:7443");
    REQUIRE(c.backends.size() == 2);
    const auto& payments = c.backends[0];
    CHECK(payments.name == "payments");
    REQUIRE(payments.endpoints.size() == 2);
    CHECK(payments.endpoints[0].text() == "service://payments-api");
    CHECK(payments.endpoints[1].text() == "http://10.0.0.5:8080/base");
    CHECK(payments.timeouts.connect == 1s);
    CHECK(payments.timeouts.total == 0s);
    CHECK(c.backends[1].endpoints[0].port == 80);
    REQUIRE(c.routes.size() == 3);
    CHECK(c.routes[0].name == "pay");
    CHECK(c.routes[0].match.host == "api.example.com");
    CHECK(c.routes[1].name == "*.example.com/**");
    CHECK(c.routes[1].backend_index == 1);
    CHECK(c.routes[2].name == "*/**");
}

TEST_CASE("what is left out has the defaults of defaults.h") {
    const TemporaryFiles files;
    const auto c =
        load_good(files, "listeners: [{address: \"127.0.0.1:0\"}]\nbackends: {b: {endpoints: [http://a]}}\n");
    CHECK(c.workers == 0);
    CHECK(c.log.level == logging::Level::info);
    CHECK(c.listeners[0].limits.header_bytes == 32 * 1024);
    CHECK(c.listeners[0].limits.header_timeout == 10s);
    CHECK(c.listeners[0].limits.idle_timeout == 75s);
    CHECK(c.listeners[0].limits.connections_per_client == 0);
    CHECK(c.listeners[0].limits.min_rate == 1024);
    CHECK(c.listeners[0].limits.min_rate_after == 10s);
    CHECK(c.listeners[0].limits.body_bytes == 0);
    CHECK(c.listeners[0].limits.connections == 10'000);
    CHECK(c.backends[0].timeouts.connect == 5s);
    CHECK(c.backends[0].timeouts.first_byte == 30s);
    CHECK(c.backends[0].timeouts.idle == 60s);
    CHECK(c.backends[0].timeouts.total == 0s);
}

TEST_CASE("log sinks and tracing are read with their defaults, and sinks get names") {
    const TemporaryFiles files;
    files.write("ca.pem", "");
    const auto c = load_good(files, R"(log:
  sinks:
    - { stderr: {} }
    - { only: access, file: { path: access.log, max_size: 1MiB, keep: 3 } }
    - { name: second, file: { path: second.log } }
    - { file: { path: third.log } }
    - { syslog: { address: "logs.example:514", facility: local3 } }
    - only: program
      http: { url: "https://logs.example/loki/api/v1/push", shape: loki, ca: ca.pem, headers: { X-Scope-OrgID: one } }
tracing: { url: "http://traces.example:4318", sample: 0.25 }
)");
    const auto& sinks = c.log.sinks;
    REQUIRE(sinks.size() == 6);
    std::string names;
    for (const LogSink& sink : sinks) names += sink.name + " ";
    CHECK(names == "stderr file second file-2 syslog http ");
    CHECK(sinks[0].error_stream->queue_bytes == 4 * 1024 * 1024);
    CHECK(sinks[1].only == LogSink::Only::access);
    CHECK(sinks[1].file->path == files.directory() / "access.log");
    CHECK(sinks[1].file->max_size == 1024 * 1024);
    CHECK(sinks[1].file->keep == 3);
    CHECK(sinks[4].syslog->address == "logs.example:514");
    CHECK(sinks[4].syslog->facility == 19);
    CHECK(sinks[5].http->shape == HttpSink::Shape::loki);
    CHECK(sinks[5].http->url.text() == "https://logs.example:443/loki/api/v1/push");
    CHECK(sinks[5].http->headers.at("X-Scope-OrgID") == "one");
    CHECK(sinks[5].http->timeout == 10s);
    CHECK(c.tracing->sample == 0.25);
    CHECK(c.tracing->url.port == 4318);
}

TEST_CASE("what is wrong with a sink or with tracing is told at its place") {
    const TemporaryFiles files;
    CHECK(errors_of(files, "log: { sinks: [ {}, { stderr: {}, stdout: {} } ] }\n") ==
          "adit.yaml:1:17: a sink is one of stderr, stdout, file, syslog and http\n"
          "adit.yaml:1:21: a sink is one of stderr, stdout, file, syslog and http\n");
    CHECK(errors_of(files, "log: { sinks: [ { name: a, stderr: {} }, { name: a, stdout: {} } ] }\n") ==
          "adit.yaml:1:50: the sink name 'a' is used twice; first at adit.yaml:1:25\n");
    CHECK(errors_of(files, "log: { sinks: [ { syslog: { facility: loud } } ] }\n") ==
          "adit.yaml:1:39: \"loud\" is not a facility: use a name of RFC 5424, such as daemon, user or local0\n");
    CHECK(errors_of(files, "tracing: { url: \"http://a\", sample: 1.5 }\n") ==
          "adit.yaml:1:37: expected a number from 0 to 1, found \"1.5\"\n");
    CHECK(errors_of(files, "tracing: { url: service://a }\n") ==
          "adit.yaml:1:17: this is not a URL: a collector is reached by http or https\n");
    CHECK(errors_of(files, "tracing: { url: \"http://a\", headers: { A: \"b\\nc\" } }\n") ==
          "adit.yaml:1:43: a header's value is one line of printable characters\n");
}

TEST_CASE("each error stands at its place and says what would be right") {
    struct Case {
        const char* name;
        const char* text;
        const char* errors;
    };
    const Case cases[] = {
        {"unknown top-level key", "listener: []\n",
         "adit.yaml:1:1: unknown key 'listener' in the configuration; did you mean 'listeners'? (allowed: log, "
         "workers, admin, listeners, tunnels, backends, routes, tracing, consumers, policies, access, issuers, "
         "timeouts, "
         "cache, degrade, shed, state, webhooks, chain, problems, and 1 more)\n"},
        {"misspelt endpoints", "backends:\n  a:\n    endpoint: [http://x]\n",
         "adit.yaml:3:5: 'endpoints' is missing in a backend\n"
         "adit.yaml:3:5: unknown key 'endpoint' in a backend; did you mean 'endpoints'? (allowed: endpoints, "
         "protocol, timeouts, tls, forwarding, credential, retry, circuit, bulkhead, balance, health, outlier, cache, "
         "fallback, essential)\n"},
        {"keys of later versions", "consumers: []\nlisteners: [{address: \"127.0.0.1:1\", proxy_protocol: v2}]\n",
         "adit.yaml:2:38: 'proxy_protocol' is known but not available in this version\n"},
        {"wireguard without what it needs", "tunnels:\n  directory: d\n  wireguard: {}\n",
         "adit.yaml:3:14: 'address' is missing in tunnels.wireguard\n"
         "adit.yaml:3:14: 'network' is missing in tunnels.wireguard\n"},
        {"tunnels without a way in", "tunnels:\n  directory: d\n",
         "adit.yaml:2:3: 'tunnels' needs 'tls' or 'wireguard': where agents connect\n"},
        {"values of wireguard",
         "tunnels:\n  directory: d\n  wireguard:\n    address: \"0.0.0.0\"\n    network: 10.77.0.1/16\n"
         "    device: kernal\n    interface: a/b\n    mtu: 1279\n    keepalive: 24h\n",
         "adit.yaml:4:14: expected host:port, found \"0.0.0.0\": the port is missing\n"
         "adit.yaml:5:14: \"10.77.0.1/16\" is not a network such as 10.77.0.0/16: bits are set behind the prefix of "
         "16\n"
         "adit.yaml:6:13: expected one of auto, user-space, kernel, existing, found \"kernal\"; did you mean "
         "'kernel'?\n"
         "adit.yaml:7:16: \"a/b\" is not the name of a network interface: 1 to 15 characters without white space, '/' "
         "and ':' were expected\n"
         "adit.yaml:8:10: expected a number from 1280 to 65455, found \"1279\"\n"
         "adit.yaml:9:16: expected a duration from 0ms to 65535s, found \"24h\"\n"},
        {"a network without room",
         "tunnels: {directory: d, wireguard: {address: \"0.0.0.0:1\", network: 10.77.0.0/28}}\n",
         "adit.yaml:1:68: \"10.77.0.0/28\" is not a network such as 10.77.0.0/16: the prefix length must be from 8 to "
         "27, since each token takes eight addresses\n"},
        {"a network of loopback",
         "tunnels: {directory: d, wireguard: {address: \"0.0.0.0:1\", network: 127.0.0.0/16}}\n",
         "adit.yaml:1:68: \"127.0.0.0/16\" is not a network such as 10.77.0.0/16: loopback and multicast addresses are "
         "of no use here\n"},
        {"an existing interface without its name",
         "tunnels: {directory: d, wireguard: {address: \"0.0.0.0:1\", network: \"fd00::/64\", device: existing}}\n",
         "adit.yaml:1:89: 'device: existing' needs 'interface', the name of the WireGuard interface that is there\n"},
        {"an interface of user space",
         "tunnels:\n  directory: d\n  wireguard: {address: \"0.0.0.0:1\", network: \"fd00::/64\", device: user-space, "
         "interface: wg0}\n",
         "adit.yaml:3:90: a user-space device has no interface; leave this out, or say 'device: kernel'\n"},
        {"unknown backend",
         "backends:\n  payments: {endpoints: [http://x]}\nroutes:\n  - {match: {}, backend: payment}\n",
         "adit.yaml:4:26: there is no backend 'payment'; did you mean 'payments'? (backends: payments)\n"},
        {"no backends", "routes:\n  - {match: {}, backend: payment}\n",
         "adit.yaml:2:26: there is no backend 'payment' (there are no backends)\n"},
        {"no endpoints", "backends:\n  a: {endpoints: []}\n", "adit.yaml:2:18: a backend needs an endpoint\n"},
        {"ftp endpoint", "backends:\n  a: {endpoints: [ftp://x]}\n",
         "adit.yaml:2:19: \"...\" is not an endpoint: write service://NAME, http://host:port/base, "
         "https://host:port/base or internal://ROUTE\n"},
        {"certificate without its key", "backends:\n  a: {endpoints: [https://x], tls: {certificate: /dev/null}}\n",
         "adit.yaml:2:36: certificate and key belong together: one of them is missing\n"},
        {"endpoint without scheme", "backends:\n  a: {endpoints: [\"x:80\"]}\n",
         "adit.yaml:2:19: \"x:80\" is not an endpoint: write service://NAME, http://host:port/base, "
         "https://host:port/base or internal://ROUTE\n"},
        {"service without tunnels", "backends:\n  a: {endpoints: [http://x, service://s]}\n",
         "adit.yaml:2:29: service://s is reached through a tunnel, but 'tunnels' is missing\n"},
        {"route names",
         "backends: {a: {endpoints: [http://x]}}\nroutes:\n  - {name: r, match: {path: /a}, backend: a}\n"
         "  - {name: r, match: {path: /b}, backend: a}\n",
         "adit.yaml:4:12: the route name 'r' is used twice; first at adit.yaml:3:12\n"},
        {"same match",
         "backends: {a: {endpoints: [http://x]}}\nroutes:\n  - {match: {host: x.y, path: /a}, backend: a}\n"
         "  - {match: {host: X.Y, path: /a}, backend: a}\n",
         "adit.yaml:4:13: the match 'x.y/a' is used twice; first at adit.yaml:3:13\n"},
        {"same match, with a secret",
         "backends: {a: {endpoints: [http://x]}}\nroutes:\n  - {match: {path: /a, headers: {x-key: s3cret}}, backend: "
         "a}\n"
         "  - {match: {path: /a, headers: {x-key: s3cret}}, backend: a}\n",
         "adit.yaml:4:13: the match '*/a x-key=...' is used twice; first at adit.yaml:3:13\n"},
        {"addresses",
         "admin: {address: \"127.0.0.1:80\"}\nlisteners:\n  - address: 127.0.0.1:80\n  - address: 127.0.0.1:81\n"
         "  - address: 127.0.0.1:81\n",
         "adit.yaml:1:18: the address '127.0.0.1:80' is used twice; first at adit.yaml:3:14\n"
         "adit.yaml:5:14: the address '127.0.0.1:81' is used twice; first at adit.yaml:4:14\n"},
        {"addresses of the operator", "admin: {address: \"127.0.0.1:80\", metrics: \"127.0.0.1:80\"}\n",
         "adit.yaml:1:43: the address '127.0.0.1:80' is used twice; first at adit.yaml:1:18\n"},
        {"certificate", "listeners:\n  - address: 127.0.0.1:80\n    tls: {certificate: no.crt, key: sub}\n",
         "adit.yaml:3:24: cannot read the certificate 'no.crt': No such file or directory\n"
         "adit.yaml:3:37: cannot read the key 'sub': it is a directory\n"},
        {"timeouts", "backends:\n  a:\n    endpoints: [http://x]\n    timeouts: {connect: 10s, total: 5s}\n",
         "adit.yaml:4:25: connect (10s) is longer than total (5s)\n"},
        {"host pattern",
         "backends: {a: {endpoints: [http://x]}}\nroutes:\n  - {match: {host: \"a.*.b\"}, backend: a}\n",
         "adit.yaml:3:20: \"a.*.b\" is not a host pattern: '*' can only stand for the first labels, as in "
         "*.example.com\n"},
        {"path pattern", "backends: {a: {endpoints: [http://x]}}\nroutes:\n  - {match: {path: /a/**/b}, backend: a}\n",
         "adit.yaml:3:20: \"/a/**/b\" is not a path pattern: '**' can only be the last segment\n"},
        {"limits", "listeners:\n  - address: 127.0.0.1:80\n    limits: {header_bytes: 10, connections: 0}\n",
         "adit.yaml:3:28: expected a size from 1KiB to 1MiB, found \"10\"\n"
         "adit.yaml:3:45: expected a number from 1 to 1000000, found \"0\"\n"},
        {"missing match", "routes:\n  - name: r\n", "adit.yaml:2:5: 'match' is missing in a route\n"},
        {"missing handler", "routes:\n  - match: {}\n",
         "adit.yaml:2:5: a route has one of backend, split, redirect and static\n"},
        {"empty file", "", "adit.yaml:1:1: the file is empty\n"},
        {"syntax", "routes: [\n", "adit.yaml:2:1: not valid YAML: end of sequence flow not found\n"},
    };
    for (const auto& [name, text, errors] : cases) {
        CAPTURE(name);
        const TemporaryFiles files;
        files.write("sub/x", "");
        CHECK(errors_of(files, text) == errors);
    }
}

TEST_CASE("errors of several files come sorted, each in its own file") {
    const TemporaryFiles files;
    files.write("routes.yaml", "routes:\n  - match: {path: /b}\n    backend: nothing\n");
    CHECK(errors_of(files, "include: [routes.yaml]\nworkers: many\nbackends: {a: {endpoints: [http://x]}}\n") ==
          "adit.yaml:2:10: expected a number from 1 to 256, found \"many\"\n"
          "routes.yaml:3:14: there is no backend 'nothing' (backends: a)\n");
}

TEST_CASE("routes are called by their matches, without values that tell who somebody is, and differ nevertheless") {
    const TemporaryFiles files;
    const auto loaded = load(files.write("adit.yaml",
                                         "backends: {a: {endpoints: [http://x]}}\nroutes:\n"
                                         "  - {match: {path: /a, headers: {x-key: s3cret, x-kind: b}}, backend: a}\n"
                                         "  - {match: {path: /a, headers: {x-key: other, x-kind: b}}, backend: a}\n"
                                         "  - {match: {path: /a, query: {token: third, n: \"1\"}}, backend: a}\n"),
                             environment());
    REQUIRE(loaded);
    CHECK(loaded->routes[0].name == "*/a x-key=... x-kind=b");
    CHECK(loaded->routes[1].name == "*/a x-key=... x-kind=b #2");
    CHECK(loaded->routes[2].name == "*/a ?n=1 ?token=...");
}

TEST_CASE("port 0 may be used by many listeners") {
    const TemporaryFiles files;
    load_good(files, "listeners:\n  - address: 127.0.0.1:0\n  - address: 127.0.0.1:0\n");
}

TEST_CASE("an unreadable key of the tunnel listener is an error, a missing one is made later") {
    const TemporaryFiles files;
    const std::string text = "tunnels: {directory: d, tls: {address: \"127.0.0.1:7443\", key: k}}\n";
    CHECK(errors_of(files, text) == "");
    files.write("k/file", "");
    CHECK(errors_of(files, text) == "adit.yaml:1:63: cannot read the key 'k': it is a directory\n");
}

TEST_CASE("WireGuard beside TLS, or alone") {
    const TemporaryFiles files;
    const std::string wireguard =
        "  wireguard: {address: \"0.0.0.0:51820\", network: 10.77.0.0/16, key: keys/wg, advertise: [\"gw:1\"], device: "
        "existing, interface: wg7, mtu: 8920, keepalive: 0s}\n";
    const auto both =
        load_good(files, "tunnels:\n  directory: d\n  tls: {address: \"0.0.0.0:7443\", key: k}\n" + wireguard);
    CHECK(both.tunnels->tls);
    REQUIRE(both.tunnels->wireguard);
    CHECK(both.tunnels->wireguard->network.text() == "10.77.0.0/16");
    CHECK(both.tunnels->wireguard->key == files.directory() / "keys/wg");
    CHECK(both.tunnels->wireguard->advertise.at(0).text() == "gw:1");
    CHECK(both.tunnels->wireguard->device == wireguard::DeviceKind::existing);
    CHECK(both.tunnels->wireguard->interface == "wg7");
    CHECK(both.tunnels->wireguard->mtu == 8920);
    CHECK(both.tunnels->wireguard->keepalive == 0s);
    const auto alone = load_good(
        files, "tunnels: {directory: d, wireguard: {address: \"[::]:51820\", network: \"fd00:ad17::/64\"}}\n");
    CHECK_FALSE(alone.tunnels->tls);
    CHECK(alone.tunnels->wireguard->device == wireguard::DeviceKind::automatic);
    CHECK(alone.tunnels->wireguard->interface == "adit0");
    CHECK(alone.tunnels->wireguard->mtu == 1420);
    CHECK(alone.tunnels->wireguard->keepalive == 25s);
}

TEST_CASE("ten thousand routes load") {
    const TemporaryFiles files;
    std::string text = "backends: {a: {endpoints: [http://x]}}\nroutes:\n";
    for (int i = 0; i < 10'000; ++i)
        text += "  - {name: r" + std::to_string(i) + ", match: {path: /r" + std::to_string(i) + "/**}, backend: a}\n";
    CHECK(load_good(files, text).routes.size() == 10'000);
}

TEST_CASE("every key of the table has a sentence, and every limit its default") {
    const auto& schema = configuration_table().schema();
    std::size_t fields = 0;
    const auto visit = [&](const auto& self, const yaml::Schema& object) -> void {
        for (const auto& field : object.fields) {
            CAPTURE(field.key);
            ++fields;
            CHECK(field.doc.ends_with("."));
            const bool is_limit = field.kind == yaml::Schema::Kind::duration || field.kind == yaml::Schema::Kind::size;
            // What may be said in several places has its default in the sentence.
            if (is_limit && !field.optional) CHECK_FALSE(field.default_value.empty());
            self(self, field);
            for (const auto& item : field.items) self(self, item);
        }
    };
    visit(visit, schema);
    CHECK(fields > 30);
}

}  // namespace adit::config
