// The table-driven reader: types, bounds, unknown keys, and what a table tells about itself.
#include <doctest/doctest.h>

#include "common/config/collections.h"
#include "common/config/object.h"
#include "common/config/parser.h"
#include "tests/unit/yaml/support.h"

namespace adit::yaml {
namespace {

using namespace std::chrono_literals;

enum class Colour { red, green };

struct Endpoint {
    std::string host = {};
    std::uint16_t port = 0;
    std::string text() const { return host + ":" + std::to_string(port); }
};

struct Inner {
    std::chrono::milliseconds connect = 5s;
    std::uint64_t buffer = 64 << 10;
};

struct Item {
    std::string name;
    std::vector<std::string> endpoints;
};

struct Outer {
    bool on = false;
    std::uint16_t count = 3;
    Colour colour = Colour::red;
    Endpoint address;
    std::filesystem::path file;
    Inner inner;
    std::optional<Inner> optional_inner;
    std::vector<Item> items;
    std::map<std::string, std::string> labels;
    std::string must;
};

Object<Inner> inner() {
    return Object<Inner>("inner", "Inner things.")
        .field("connect", &Inner::connect, Duration(1ms, 1h), "How long.")
        .field("buffer", &Inner::buffer, Size(1 << 10, 1 << 20), "How much.")
        .rule([](const Node& node, const Inner& value, Diagnostics& diagnostics) {
            if (value.connect == 13s) diagnostics.error(node.find("connect")->value.place, "not thirteen");
        });
}

Object<Outer> outer() {
    return Object<Outer>("the thing", "All things.")
        .field("on", &Outer::on, Boolean(), "Whether.")
        .field("count", &Outer::count, Integer<std::uint16_t>(1, 100), "How many.")
        .field("colour", &Outer::colour, Choice<Colour>({{"red", Colour::red}, {"green", Colour::green}}), "Which.")
        .field("address", &Outer::address, Address<Endpoint>(ZeroPort::refused), "Where.")
        .field("file", &Outer::file, Path(), "Which file.")
        .field("inner", &Outer::inner, inner(), "Inside.")
        .field("optional_inner", &Outer::optional_inner, inner(), "Perhaps inside.")
        .field("items", &Outer::items,
               Named(Object<Item>("an item", "One.").required("endpoints", &Item::endpoints, List(Text(), 2), "Ends."),
                     &Item::name, 3),
               "Items.")
        .field("labels", &Outer::labels, TextMap(2), "Labels.")
        .required("must", &Outer::must, Text(), "Needed.")
        .later({"wireguard", "retry"});
}

struct Result {
    Outer value;
    std::string errors;
};

Result read(std::string text) {
    Diagnostics diagnostics;
    const auto source = std::make_shared<const Source>("f.yaml", "/etc/adit", std::move(text), 0);
    Result result;
    if (const auto root = parse(source, diagnostics)) outer().read(*root, result.value, diagnostics);
    result.errors = test::lines(diagnostics);
    return result;
}

}  // namespace

TEST_CASE("all types are read") {
    const auto [value, errors] = read(
        "on: true\ncount: 7\ncolour: green\naddress: \"[::1]:80\"\nfile: keys/a.pem\n"
        "inner: {connect: 2m}\noptional_inner: {buffer: 2KiB}\n"
        "items:\n  one: {endpoints: [a, b]}\n  two: {endpoints: []}\nlabels: {zone: a}\nmust: x\n");
    CHECK(errors == "");
    CHECK(value.on);
    CHECK(value.count == 7);
    CHECK(value.colour == Colour::green);
    CHECK(value.address.host == "::1");
    CHECK(value.address.port == 80);
    CHECK(value.file == "/etc/adit/keys/a.pem");
    CHECK(value.inner.connect == 2min);
    CHECK(value.inner.buffer == 64 << 10);
    REQUIRE(value.optional_inner);
    CHECK(value.optional_inner->buffer == 2048);
    CHECK(value.optional_inner->connect == 5s);
    REQUIRE(value.items.size() == 2);
    CHECK(value.items[0].name == "one");
    CHECK(value.items[0].endpoints == std::vector<std::string>{"a", "b"});
    CHECK(value.labels.at("zone") == "a");
}

TEST_CASE("what was left out keeps its default") {
    const auto [value, errors] = read("must: x\n");
    CHECK(errors == "");
    CHECK(value.count == 3);
    CHECK_FALSE(value.optional_inner);
}

TEST_CASE("an absolute path stays as it is") {
    CHECK(read("must: x\nfile: /run/a/../b\n").value.file == "/run/b");
}

TEST_CASE("each wrong value is told with its place, what was expected and what was found") {
    struct Case {
        const char* line;
        const char* error;
    };
    const Case cases[] = {
        {"on: yes", "2:5: expected true or false, found \"yes\""},
        {"on: [true]", "2:5: expected true or false, found a list"},
        {"on:", "2:1: expected true or false, found nothing"},
        {"count: 0", "2:8: expected a number from 1 to 100, found \"0\""},
        {"count: 101", "2:8: expected a number from 1 to 100, found \"101\""},
        {"count: 99999999999999999999", "2:8: expected a number from 1 to 100, found \"99999999999999999999\""},
        {"count: 3x", "2:8: expected a number from 1 to 100, found \"3x\""},
        {"count: -3", "2:8: expected a number from 1 to 100, found \"-3\""},
        {"colour: blue", "2:9: expected one of red, green, found \"blue\""},
        {"colour: gren", "2:9: expected one of red, green, found \"gren\"; did you mean 'green'?"},
        {"address: localhost", "2:10: expected host:port, found \"localhost\": the port is missing"},
        {"address: \":80\"",
         "2:10: expected host:port, found \":80\": the host is missing; for all addresses write 0.0.0.0 or [::]"},
        {"address: ::1:80", "2:10: expected host:port, found \"::1:80\": an IPv6 address needs brackets, as in [::1]"},
        {"address: \"[::g]:80\"",
         "2:10: expected host:port, found \"[::g]:80\": what stands in brackets must be an IPv6 address, as in [::1]"},
        {"address: \"[::1]\"", "2:10: expected host:port, found \"[::1]\": the port is missing"},
        {"address: a:0", "2:10: expected host:port, found \"a:0\": the port must be a number from 1 to 65535"},
        {"address: a:65536", "2:10: expected host:port, found \"a:65536\": the port must be a number from 1 to 65535"},
        {"address: a b:1", "2:10: expected host:port, found \"a b:1\": this is not a valid host name"},
        {"address: -a:1", "2:10: expected host:port, found \"-a:1\": this is not a valid host name"},
        {"address: 10.0.0.256:1", "2:10: expected host:port, found \"10.0.0.256:1\": this is not a valid IPv4 address"},
        {"file: ''", "2:7: expected a path, found an empty value"},
        {"inner: 5s", "2:8: expected inner, found a value"},
        {"inner: {connect: 5}",
         "2:18: expected a duration, found \"5\": write a number with ms, s, m, h or d, as in 500ms, 5s, 24h"},
        {"inner: {connect: 2h}", "2:18: expected a duration from 1ms to 1h, found \"2h\""},
        {"inner: {connect: 13s}", "2:18: not thirteen"},
        {"inner: {buffer: 5KB}",
         "2:17: expected a size, found \"5KB\": write a number of bytes or one with KiB, MiB or GiB, as in 64KiB"},
        {"inner: {buffer: 3MiB}", "2:17: expected a size from 1KiB to 1MiB, found \"3MiB\""},
        {"items: {one: {endpoint: [a]}}",
         "2:14: 'endpoints' is missing in an item\n"
         "f.yaml:2:15: unknown key 'endpoint' in an item; did you mean 'endpoints'? (allowed: endpoints)"},
        {"items: {one: {endpoints: [a, b, c]}}", "2:26: more than 2 values in this list"},
        {"items: {one: {endpoints: [a, {}]}}", "2:30: expected text, found a map"},
        {"items: {a b: {endpoints: []}}", "2:9: \"a b\" is not a name: use 1 to 64 letters, digits, '-', '_' and '.'"},
        {"items: {one: }", "2:9: expected an item, found nothing"},
        {"labels: {a: 1, b: 2, c: 3}", "2:9: more than 2 words in this map"},
        {"wireguard: {}", "2:1: 'wireguard' is known but not available in this version"},
        {"colour: &x \"\\e[1mred\"", "2:9: expected one of red, green, found \"?[1mred\""},
    };
    for (const auto& [line, error] : cases) {
        CAPTURE(line);
        CHECK(read("must: x\n" + std::string(line) + "\n").errors == "f.yaml:" + std::string(error) + "\n");
    }
}

TEST_CASE("a missing key is told where the map begins, and errors of one run come together") {
    CHECK(read("count: 0\nclour: red\ninner: {conect: 1s}\n").errors ==
          "f.yaml:1:1: 'must' is missing in the thing\n"
          "f.yaml:1:8: expected a number from 1 to 100, found \"0\"\n"
          "f.yaml:2:1: unknown key 'clour' in the thing; did you mean 'colour'? (allowed: on, count, colour, address, "
          "file, inner, optional_inner, items, labels, must)\n"
          "f.yaml:3:9: unknown key 'conect' in inner; did you mean 'connect'? (allowed: connect, buffer)\n");
}

TEST_CASE("an unknown key that resembles none gets no suggestion") {
    CHECK(read("must: x\ninner: {zzzz: 1}\n").errors ==
          "f.yaml:2:9: unknown key 'zzzz' in inner (allowed: connect, buffer)\n");
}

TEST_CASE("a table knows names, types, bounds, defaults and sentences, as a schema needs them") {
    const auto schema = outer().schema();
    CHECK(schema.kind == Schema::Kind::object);
    REQUIRE(schema.fields.size() == 10);
    const auto& count = schema.fields[1];
    CHECK(count.key == "count");
    CHECK(count.kind == Schema::Kind::integer);
    CHECK(count.doc == "How many.");
    CHECK(count.default_value == "3");
    CHECK(count.minimum == 1);
    CHECK(count.maximum == 100);
    CHECK(schema.fields[2].choices == std::vector<std::string>{"red", "green"});
    CHECK(schema.fields[2].default_value == "red");
    CHECK(schema.fields[5].fields[0].default_value == "5s");
    CHECK(schema.fields[5].fields[1].default_value == "64KiB");
    CHECK(schema.fields[7].items[0].fields[0].key == "endpoints");
    CHECK(schema.fields[9].required);
}

}  // namespace adit::yaml
