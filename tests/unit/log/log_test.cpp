// What the log makes of messages, fields and what came over the network.
#include "common/log/log.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <cstdint>
#include <limits>
#include <thread>
#include <type_traits>

#include "common/base/secret.h"
#include "tests/unit/log/capture.h"

using namespace std::string_literals;
using namespace adit;
using logging::test::Capture;

namespace {

std::string logfmt(std::string_view text) {
    std::string out;
    logging::append_logfmt(out, text);
    return out;
}

}  // namespace

static_assert(!std::is_constructible_v<logging::Value, Secret>, "a secret must not become a log field");
static_assert(!std::is_constructible_v<logging::Value, const void*>, "a pointer must not be logged as true");

TEST_CASE("a JSON line holds its time, level, logger, message and typed fields") {
    const Capture capture;
    logging::set_up(logging::Level::info, logging::Format::json);
    logging::warn("session lost", {{"tunnel", "t1"},
                                   {"sessions", 3},
                                   {"ratio", 0.25},
                                   {"draining", false},
                                   {"largest", std::numeric_limits<std::uint64_t>::max()},
                                   {"least", std::numeric_limits<std::int64_t>::min()},
                                   {"none", std::numeric_limits<double>::quiet_NaN()}});
    const boost::json::object line = capture.object();
    CHECK(line.at("time").as_string().size() == std::string_view("2026-01-02T03:04:05.678Z").size());
    CHECK(line.at("level").as_string() == "warn");
    CHECK(line.at("logger").as_string() == "adit");
    CHECK(line.at("message").as_string() == "session lost");
    CHECK(line.at("tunnel").as_string() == "t1");
    CHECK(line.at("sessions").as_int64() == 3);
    CHECK(line.at("ratio").as_double() == 0.25);
    CHECK(line.at("draining").as_bool() == false);
    CHECK(line.at("largest").as_uint64() == std::numeric_limits<std::uint64_t>::max());
    CHECK(line.at("least").as_int64() == std::numeric_limits<std::int64_t>::min());
    CHECK(line.at("none").is_null());
}

TEST_CASE("control characters and invalid UTF-8 from the network cannot break a JSON line") {
    const Capture capture;
    logging::set_up(logging::Level::info, logging::Format::json);
    const std::string hostile = "a\"\\\r\n\x1b[2J\0\xff\xc3\xed\xa0\x80\x7f"s;
    logging::info("x", {{"path", hostile}});
    const boost::json::object line = capture.object();
    CHECK(line.at("path").as_string().starts_with("a\"\\\r\n\x1b[2J"));
    CHECK(capture.text().find('\x1b') == std::string::npos);
    CHECK(capture.text().find('\xff') == std::string::npos);
}

TEST_CASE("a text line is one line with words bare and everything else quoted") {
    const Capture capture;
    logging::set_up(logging::Level::info, logging::Format::text);
    logging::info("session opened", {{"tunnel", "t1"}, {"reason", "two words"}, {"n", 7}});
    logging::error("bad\nmessage\x1b[2J");
    const std::vector<std::string> lines = capture.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].ends_with(" info  session opened  tunnel=t1  reason=\"two words\"  n=7"));
    CHECK(lines[1].ends_with(" error \"bad\\nmessage\\u001b[2J\""));
}

TEST_CASE("what a terminal would obey is escaped for people") {
    CHECK(logfmt("plain/word:1") == "plain/word:1");
    CHECK(logfmt("") == "\"\"");
    CHECK(logfmt("a b") == "\"a b\"");
    CHECK(logfmt("k=v") == "\"k=v\"");
    CHECK(logfmt("a\nb") == "\"a\\nb\"");
    CHECK(logfmt("\xc3\xa9t\xc3\xa9") == "\"\xc3\xa9t\xc3\xa9\"");
    CHECK(logfmt("\xc2\x9b"
                 "2J\xc2\x85\xc2\xa3") == "\"\\u009b2J\\u0085\xc2\xa3\"");
    CHECK(logfmt("\xc2") == "\"\\ufffd\"");
}

TEST_CASE("lines below the level are dropped") {
    const Capture capture;
    logging::set_up(logging::Level::warn, logging::Format::json);
    logging::debug("no");
    logging::info("no");
    logging::warn("yes");
    logging::error("yes");
    CHECK(capture.lines().size() == 2);
}

TEST_CASE("levels go by name") {
    CHECK(logging::parse_level("trace").value() == logging::Level::trace);
    CHECK(logging::parse_level("error").value() == logging::Level::error);
    CHECK(logging::parse_level("fatal").value() == logging::Level::error);
    const auto wrong = logging::parse_level("loud");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().usage);
    CHECK(wrong.error().message.find("trace, debug, info, warn or error") != std::string::npos);
}

TEST_CASE("what is not a terminal gets JSON unless text is asked for") {
    const Capture capture;
    logging::set_up(logging::Level::info, logging::Format::automatic);
    CHECK(logging::json());
    logging::set_up(logging::Level::info, logging::Format::text);
    CHECK_FALSE(logging::json());
}

TEST_CASE("lines of many threads stay whole") {
    const Capture capture;
    logging::set_up(logging::Level::info, logging::Format::json);
    const std::string batch = [] {
        std::string lines;
        for (int i = 0; i < 200; ++i) {
            lines += "{\"message\":\"batch\"}\n";
        }
        return lines;
    }();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&batch] {
                for (int j = 0; j < 50; ++j) {
                    logging::hand_over({.text = batch, .lines = {}});
                    logging::info("single", {{"j", j}});
                }
            });
        }
    }
    const std::vector<std::string> lines = capture.lines();
    CHECK(lines.size() == 4 * 50 * 201);
    std::size_t whole = 0;
    for (const std::string& line : lines) {
        boost::system::error_code error;
        boost::json::parse(line, error);
        whole += error ? 0 : 1;
    }
    CHECK(whole == lines.size());
}

TEST_CASE("a reader that stays full loses lines but never sees two of them glued together") {
    const Capture capture;
    int ends[2];
    REQUIRE(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    ::dup2(ends[1], STDERR_FILENO);
    logging::hand_over(
        {.text = std::string(1 << 20, 'a') + "\n", .lines = {}});  // more than a pipe holds: cut in the middle
    std::string got(1 << 21, '\0');
    std::size_t size = 0;
    for (ssize_t n; (n = ::read(ends[0], got.data() + size, got.size() - size)) > 0;) {
        size += static_cast<std::size_t>(n);
    }
    CHECK(size < (1 << 20));
    logging::hand_over({.text = "next\n", .lines = {}});
    const ssize_t n = ::read(ends[0], got.data(), got.size());
    REQUIRE(n > 0);
    CHECK(got.substr(0, static_cast<std::size_t>(n)) == "\nnext\n");
    ::close(ends[0]);
    ::close(ends[1]);
}
