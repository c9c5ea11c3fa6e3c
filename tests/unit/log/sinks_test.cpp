// Queues that drop their oldest, and the places that lines are written to.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "common/log/file_writer.h"
#include "common/log/log.h"
#include "common/log/stream_writer.h"
#include "common/log/syslog_writer.h"
#include "common/log/writer_thread.h"
#include "tests/unit/log/capture.h"
#include "tests/unit/yaml/support.h"

using namespace adit;
using namespace logging;
using namespace std::chrono_literals;
using yaml::test::TemporaryFiles;

namespace {

constexpr WallTime kNoon = WallTime(std::chrono::hours(12));

Batch batch_of(std::initializer_list<std::string_view> lines, Kind kind = Kind::program) {
    Batch batch{.kind = kind, .text = {}, .lines = {}};
    for (const std::string_view line : lines) {
        batch.text.append(line).append("\n");
        batch.lines.push_back({kNoon, Level::info, static_cast<std::uint32_t>(line.size() + 1)});
    }
    return batch;
}

std::string content(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Losses {
    std::uint64_t count = 0;
    Queue<int>::Settings settings(std::size_t bytes, std::size_t eager = 1) {
        return {.bytes = bytes, .eager = eager, .dropped = [this](std::uint64_t lost) { count += lost; }};
    }
};

/// A writer that counts, and can be made to wait.
class Counting final : public Writer {
  public:
    explicit Counting(std::atomic<std::uint64_t>& lines, bool stalled) : lines_(lines), stalled_(stalled) {}
    std::uint64_t write(const Batch& batch, const Abandon& abandon) override {
        if (stalled_) {
            abandon.await(1h);
            return batch.lines.size();
        }
        lines_ += batch.lines.size();
        return 0;
    }

  private:
    std::atomic<std::uint64_t>& lines_;
    bool stalled_;
};

}  // namespace

TEST_CASE("a full queue drops its oldest and says how many records that were") {
    Losses lost;
    Queue<int> queue(lost.settings(100));
    queue.push(1, 40, 10);
    queue.push(2, 40, 20);
    queue.push(3, 40, 30);
    CHECK(lost.count == 10);
    CHECK(queue.bytes() == 80);
    CHECK(queue.take(1000) == std::vector{2, 3});
    CHECK(queue.take(1000).empty());
}

TEST_CASE("what is larger than the whole queue goes itself, and takes nothing with it") {
    Losses lost;
    Queue<int> queue(lost.settings(100));
    queue.push(1, 40, 1);
    queue.push(2, 101, 5);
    CHECK(lost.count == 5);
    CHECK(queue.take(1) == std::vector{1});
}

TEST_CASE("items are taken oldest first, up to the one that reaches the wish") {
    Losses lost;
    Queue<int> queue(lost.settings(100));
    for (int i = 0; i < 5; ++i) {
        queue.push(i, 10, 1);
    }
    CHECK(queue.take(1) == std::vector{0});
    CHECK(queue.take(20) == std::vector{1, 2});
    CHECK(queue.bytes() == 20);
}

TEST_CASE("the reader is woken by the first item and when enough has come together, and not in between") {
    Losses lost;
    Queue<int> queue(lost.settings(1000, 100));
    int woken = 0;
    queue.on_push([&woken] { ++woken; });
    queue.push(1, 40, 1);
    CHECK(woken == 1);
    queue.push(2, 40, 1);
    CHECK(woken == 1);
    queue.push(3, 40, 1);
    CHECK(woken == 2);
    queue.push(4, 40, 1);
    CHECK(woken == 2);
    queue.take(1000);
    queue.push(5, 40, 1);
    CHECK(woken == 3);
}

TEST_CASE("a closed queue counts what comes as lost and gives out what it has") {
    Losses lost;
    Queue<int> queue(lost.settings(100));
    queue.push(1, 10, 1);
    queue.close();
    queue.push(2, 10, 3);
    CHECK(lost.count == 3);
    queue.push(3, 10, 1);
    queue.discard();
    CHECK(lost.count == 5);
    CHECK(queue.take(100).empty());
}

TEST_CASE("a log file is moved aside before it grows too large, and the oldest goes") {
    const TemporaryFiles files;
    const auto path = files.directory() / "a.log";
    const Abandon abandon;
    FileWriter writer({path, 12, 2});
    for (const char* line : {"first", "second", "third", "fourth", "fifth"}) {
        CHECK(writer.write(batch_of({line}), abandon) == 0);
    }
    CHECK(content(path) == "fifth\n");
    CHECK(content(path.string() + ".1") == "fourth\n");
    CHECK(content(path.string() + ".2") == "third\n");
    CHECK_FALSE(std::filesystem::exists(path.string() + ".3"));
}

TEST_CASE("a log file that cannot be written is an error before the first line is lost") {
    const TemporaryFiles files;
    CHECK(FileWriter::usable(files.directory() / "a.log"));
    const auto missing = FileWriter::usable(files.directory() / "nowhere/a.log");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().usage);
    CHECK(missing.error().message.ends_with("nowhere/a.log cannot be written: No such file or directory"));
    CHECK_FALSE(FileWriter::usable(files.directory()));
    const auto fifo = files.directory() / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(FileWriter::usable(fifo));  // whose reader has not come yet
}

TEST_CASE("lines that fit share a file, one that is too large gets one of its own, and 0 never moves anything") {
    const TemporaryFiles files;
    const auto path = files.directory() / "a.log";
    const Abandon abandon;
    FileWriter writer({path, 12, 1});
    writer.write(batch_of({"one"}), abandon);
    writer.write(batch_of({"two"}), abandon);
    CHECK(content(path) == "one\ntwo\n");
    writer.write(batch_of({"much too large for it"}), abandon);
    CHECK(content(path) == "much too large for it\n");
    CHECK(content(path.string() + ".1") == "one\ntwo\n");
    writer.write(batch_of({"1", "2", "3", "4", "5", "6", "7", "8"}), abandon);
    CHECK(content(path.string() + ".1") == "1\n2\n3\n4\n5\n6\n");
    CHECK(content(path) == "7\n8\n");
    FileWriter never({files.directory() / "b.log", 0, 1});
    for (int i = 0; i < 100; ++i) {
        never.write(batch_of({"line"}), abandon);
    }
    CHECK(content(files.directory() / "b.log").size() == 500);
}

TEST_CASE("a log file that was there is continued, and its size counts") {
    const TemporaryFiles files;
    const auto path = files.write("a.log", "before\n");
    const Abandon abandon;
    FileWriter writer({path, 16, 1});
    writer.write(batch_of({"after"}), abandon);
    CHECK(content(path) == "before\nafter\n");
    writer.write(batch_of({"more"}), abandon);
    CHECK(content(path) == "more\n");
}

TEST_CASE("a log file that somebody moved is written on until it is opened anew") {
    const TemporaryFiles files;
    const auto path = files.directory() / "a.log";
    const Abandon abandon;
    FileWriter writer({path, 0, 1});
    writer.write(batch_of({"one"}), abandon);
    std::filesystem::rename(path, files.directory() / "moved");
    writer.write(batch_of({"two"}), abandon);
    writer.reopen();
    writer.write(batch_of({"three"}), abandon);
    CHECK(content(files.directory() / "moved") == "one\ntwo\n");
    CHECK(content(path) == "three\n");
}

TEST_CASE("a log file that cannot be opened loses its lines, says so once, and is tried again") {
    const test::Capture capture;
    set_up(Level::info, Format::json);
    const TemporaryFiles files;
    const Abandon abandon;
    FileWriter writer({files.directory() / "later" / "a.log", 0, 1});
    CHECK(writer.write(batch_of({"one", "two"}), abandon) == 2);
    CHECK(writer.write(batch_of({"three"}), abandon) == 1);
    CHECK(capture.object().at("reason").as_string() == "No such file or directory");
    std::filesystem::create_directory(files.directory() / "later");
    CHECK(writer.write(batch_of({"four"}), abandon) == 0);
    CHECK(content(files.directory() / "later" / "a.log") == "four\n");
}

TEST_CASE("a syslog message is as RFC 5424 writes it") {
    const SyslogIdentity identity{16, "host.example", "adit-connector", "42"};
    CHECK(syslog_message(identity, Kind::access, {kNoon, Level::info, 0}, "{}") ==
          "<134>1 1970-01-01T12:00:00.000Z host.example adit-connector 42 access - {}");
    CHECK(syslog_message(identity, Kind::program, {kNoon, Level::error, 0}, "x").starts_with("<131>1 "));
    CHECK(syslog_message(identity, Kind::program, {kNoon, Level::warn, 0}, "x").starts_with("<132>1 "));
    CHECK(syslog_message({}, Kind::program, {kNoon, Level::debug, 0}, "x") ==
          "<31>1 1970-01-01T12:00:00.000Z - - - program - x");
}

TEST_CASE("a long syslog message is cut between characters") {
    for (const std::size_t shift : {0, 1, 2}) {
        std::string accents(shift, 'a');
        while (accents.size() < 9000) {
            accents += "\xc3\xa9";
        }
        const std::string message = syslog_message({}, Kind::program, {kNoon, Level::info, 0}, accents);
        CHECK(message.size() >= 8191);
        CHECK(message.size() <= 8192);
        CHECK(static_cast<unsigned char>(message.back()) != 0xc3);
    }
}

TEST_CASE("facilities go by the names of RFC 5424") {
    CHECK(syslog_facility("kern") == 0);
    CHECK(syslog_facility("daemon") == 3);
    CHECK(syslog_facility("local0") == 16);
    CHECK(syslog_facility("local7") == 23);
    CHECK(syslog_facility("local8") == -1);
}

TEST_CASE("a local syslog gets one datagram a line") {
    const TemporaryFiles files;
    const std::string path = (files.directory() / "socket").string();
    const int receiver = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    REQUIRE(::bind(receiver, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    const Abandon abandon;
    SyslogWriter writer(path, {3, "h", "p", "1"});
    CHECK(writer.write(batch_of({"one", "two"}), abandon) == 0);
    for (const std::string_view line : {"one", "two"}) {
        char buffer[1000];
        const ssize_t n = ::recv(receiver, buffer, sizeof buffer, MSG_DONTWAIT);
        REQUIRE(n > 0);
        CHECK(std::string_view(buffer, static_cast<std::size_t>(n)).ends_with(line));
    }
    ::close(receiver);
}

TEST_CASE("whoever waits for a syslog that is not there gives up when told to") {
    const test::Capture capture;
    set_up(Level::info, Format::json);
    Abandon abandon;
    abandon.raise();
    SyslogWriter writer("/nowhere/at/all", {});
    CHECK(writer.write(batch_of({"one", "two"}), abandon) == 2);
    CHECK(capture.object().at("message").as_string() == "syslog cannot be reached");
}

TEST_CASE("a pipe that nobody reads is waited for until told otherwise, and one without a reader is not") {
    std::signal(SIGPIPE, SIG_IGN);  // as the programs do
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    StreamWriter writer(ends[1]);
    Abandon abandon;
    CHECK(writer.write(batch_of({"read"}), abandon) == 0);
    abandon.raise();
    CHECK(writer.write(batch_of({std::string(1 << 20, 'a')}), abandon) == 1);
    ::close(ends[0]);
    const Abandon none;
    CHECK(writer.write(batch_of({"a", "b"}), none) == 2);
    ::close(ends[1]);
}

TEST_CASE("a writing thread writes what came before it and what comes after, and ends when it is told") {
    std::atomic<std::uint64_t> written = 0;
    std::uint64_t reported = 0;
    const auto queue = std::make_shared<BatchQueue>(BatchQueue::Settings{});
    const auto push = [&] { queue->push(std::make_shared<const Batch>(batch_of({"a", "b"})), 4, 2); };
    push();
    {
        WriterThread thread(queue, std::make_unique<Counting>(written, false),
                            [&](std::uint64_t good, std::uint64_t) { reported += good; });
        push();
        thread.close();
        CHECK(thread.await_end(std::chrono::steady_clock::now() + 10s));
    }
    CHECK(written == 4);
    CHECK(reported == 4);
}

TEST_CASE("a writing thread that is stuck is left behind in time, and what it had is counted as lost") {
    std::atomic<std::uint64_t> written = 0;
    std::atomic<std::uint64_t> lost = 0;
    const auto queue = std::make_shared<BatchQueue>(
        BatchQueue::Settings{.bytes = 1000, .eager = 1, .dropped = [&](std::uint64_t n) { lost += n; }});
    for (int i = 0; i < 3; ++i) {
        queue->push(std::make_shared<const Batch>(batch_of({"a"})), 2, 1);
    }
    {
        WriterThread thread(queue, std::make_unique<Counting>(written, true),
                            [&](std::uint64_t, std::uint64_t n) { lost += n; });
        thread.close();
        CHECK_FALSE(thread.await_end(std::chrono::steady_clock::now()));
    }
    CHECK(lost == 3);
    CHECK(written == 0);
}

TEST_CASE("lines go to those sinks that want them, and to standard error again when there is none") {
    const test::Capture capture;
    set_up(Level::info, Format::json);
    const auto all = std::make_shared<BatchQueue>(BatchQueue::Settings{});
    const auto access = std::make_shared<BatchQueue>(BatchQueue::Settings{});
    send_to({{all, true, true}, {access, false, true}});
    info("hello", {});
    hand_over(batch_of({"request"}, Kind::access));
    send_to({});
    CHECK(capture.text().empty());
    const auto got = all->take(1000);
    REQUIRE(got.size() == 2);
    CHECK(got[0]->text.contains("\"message\":\"hello\""));
    CHECK(got[0]->lines.front().level == Level::info);
    CHECK(got[1]->text == "request\n");
    CHECK(access->take(1000).size() == 1);
    info("again", {});
    CHECK(capture.lines().size() == 1);
}

TEST_CASE("the trouble of a sink is told on standard error, once, whatever sinks there are") {
    const test::Capture capture;
    set_up(Level::error, Format::json);
    const auto queue = std::make_shared<BatchQueue>(BatchQueue::Settings{});
    send_to({{.queue = queue}});
    warn_of_sink("trouble", {{"sink", "a"}});
    CHECK(capture.object().at("sink").as_string() == "a");
    CHECK(queue->take(1000).size() == 1);
    send_to({{.queue = queue, .standard_error = true}});
    warn_of_sink("trouble", {});
    CHECK(capture.lines().size() == 1);
    CHECK(queue->take(1000).size() == 1);
    send_to({});
    warn_of_sink("trouble", {});
    CHECK(capture.lines().size() == 2);
}
