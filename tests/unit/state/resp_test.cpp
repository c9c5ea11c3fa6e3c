// What Redis says, whole or in pieces, and how it is told.
#include "connector/state/resp.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "connector/state/script.h"

using namespace adit::state;
using Kind = Reply::Kind;

namespace {

/// All replies in `bytes`, fed in pieces of that size.
std::vector<Reply> replies(std::string_view bytes, std::size_t piece) {
    ReplyReader reader;
    std::vector<Reply> all;
    while (!bytes.empty()) {
        reader.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        for (auto next = reader.next(); next && *next; next = reader.next()) all.push_back(std::move(**next));
    }
    return all;
}

}  // namespace

TEST_CASE("every kind of reply is read, however it is cut") {
    const std::string bytes =
        "+OK\r\n:42\r\n$5\r\nhello\r\n$-1\r\n-NOSCRIPT No matching script\r\n*3\r\n:1\r\n$1\r\nx\r\n*1\r\n:-7\r\n";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        const auto all = replies(bytes, piece);
        REQUIRE(all.size() == 6);
        CHECK(all[0].text == "OK");
        CHECK(all[1].integer == 42);
        CHECK(all[2].text == "hello");
        CHECK(all[3].kind == Kind::nil);
        CHECK(all[4].is_error());
        CHECK(all[4].code() == "NOSCRIPT");
        CHECK(all[5].number(0) == 1);
        CHECK_FALSE(all[5].number(1));
        CHECK(all[5].items[2].number(0) == -7);
        CHECK_FALSE(all[5].number(3));
    }
}

TEST_CASE("what is not the protocol of Redis is an error, and so is a reply that never ends") {
    ReplyReader web;
    web.feed("HTTP/1.1 400 Bad Request\r\n\r\n");
    CHECK_FALSE(web.next());
    ReplyReader endless;
    endless.feed("$100000000\r\n");
    bool refused = false;
    for (std::size_t fed = 0; fed < 2 * ReplyReader::kReplyMost && !refused; fed += 65536) {
        endless.feed(std::string(65536, 'x'));
        refused = !endless.next().has_value();
    }
    CHECK(refused);
}

TEST_CASE("words of any bytes come back as they were said") {
    CHECK(rc::check([](const std::vector<std::string>& words) {
        std::string out;
        begin_command(out, words.size());
        for (const std::string& word : words) append_word(out, word);
        const auto all = replies(out, 7);
        RC_ASSERT(all.size() == 1U);
        RC_ASSERT(all[0].items.size() == words.size());
        for (std::size_t i = 0; i < words.size(); ++i) RC_ASSERT(all[0].items[i].text == words[i]);
    }));
}

TEST_CASE("a script is called by its name, and whole where that is not known") {
    const Script script("return 1");
    CHECK(script.sha1 == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    ScriptCall call(script, 1);
    call.add("key").add(std::int64_t{-5});
    std::string named;
    call.append_to(named, ScriptCall::Form::by_name);
    CHECK(named == "*5\r\n$7\r\nEVALSHA\r\n$40\r\n" + script.sha1 + "\r\n$1\r\n1\r\n$3\r\nkey\r\n$2\r\n-5\r\n");
    std::string whole;
    call.append_to(whole, ScriptCall::Form::whole);
    CHECK(whole == "*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$3\r\nkey\r\n$2\r\n-5\r\n");
}
