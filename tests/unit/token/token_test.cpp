// Tokens: whole, cut, altered, foreign.
#include <doctest/doctest.h>

#include "common/base/encoding.h"
#include "common/base/random.h"
#include "common/tls/key.h"
#include "common/token/entries.h"
#include "common/token/token.h"

using namespace adit;

namespace {

std::string sample() {
    token::Token token;
    token.tunnel_id = "tnl_0123456789abcdefghijklmn";
    token.tunnel_name = "vpc-1";
    token.key_id = "key_0123456789ab";
    fill_random(token.seed);
    token.addresses = {"gateway.example.com:7443", "[::1]:7443"};
    token.pins.resize(2);
    return token::format(token);
}

}  // namespace

TEST_CASE("a token says what it was made of, white space around it or not") {
    const std::string text = sample();
    const auto token = token::parse("  " + text + "\r\n\n");
    REQUIRE(token);
    CHECK(token->tunnel_name == "vpc-1");
    CHECK(token->addresses.size() == 2);
    CHECK(token->pins.size() == 2);
    CHECK(token::format(*token) == text);
}

TEST_CASE("a token of any other length is refused") {
    const std::string text = sample();
    for (std::size_t length = 0; length < text.size(); ++length) {
        CAPTURE(length);
        CHECK_FALSE(token::parse(std::string_view(text).substr(0, length)));
    }
    CHECK_FALSE(token::parse(text + "AAAA"));
}

TEST_CASE("a token with any character altered is refused") {
    const std::string text = sample();
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string altered = text;
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        CAPTURE(i);
        CHECK_FALSE(token::parse(altered));
    }
}

TEST_CASE(
    "a token without its key is refused, and so are names that would command a terminal or look like other lines") {
    const auto reason = [](Bytes content) {
        const auto digest = tls::sha256(content);
        content.insert(content.end(), digest.begin(), digest.begin() + 4);
        const auto token = token::parse(std::string(token::kPrefix) + base64url_encode(content));
        return token ? "" : token.error().message;
    };
    const auto content = [](std::string_view key, bool seed) {
        Bytes out{1};
        token::put(out, 1, "tnl_0123456789abcdefghijklmn");
        token::put(out, 2, key);
        if (seed) {
            token::put(out, 3, std::string(32, 'x'));
        }
        token::put(out, 4, "[::1]:7443");
        token::put(out, 6, "");
        return out;
    };
    CHECK(reason(content("key_0123456789ab", true)).empty());
    CHECK(reason(content("key_0123456789ab", false)).contains("does not name a tunnel, a key and an address"));
    for (const char* name : {"key_1\nconnector    10.0.0.1:7443", "key_\x1b[2J", "key_\xff"}) {
        CHECK(reason(content(name, true)).contains("a name in it has control characters, or is no UTF-8"));
    }
}

TEST_CASE("the reason names what is wrong and never quotes the token") {
    const std::string text = sample();
    const auto reason = [](const std::string& bad) { return token::parse(bad).error().message; };
    CHECK(reason("").find("empty") != std::string::npos);
    CHECK(reason("secret-thing").find("no Adit token") != std::string::npos);
    CHECK(reason(text.substr(0, 60)).find("cut off") != std::string::npos);
    CHECK(reason(text.substr(0, 60) + "\n" + text.substr(60)).find("line break") != std::string::npos);
    CHECK(reason(text.substr(0, 60)).find(text.substr(10, 20)) == std::string::npos);
}

TEST_CASE("inspection shows no seed") {
    const auto token = token::parse(sample());
    const std::string shown = token::inspect_text(*token) + token::inspect_json(*token);
    CHECK(shown.find("vpc-1") != std::string::npos);
    CHECK(shown.find(tls::Spki{token->seed}.text()) == std::string::npos);
}
