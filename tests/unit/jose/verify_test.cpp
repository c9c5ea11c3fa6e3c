// Verifying: a good token, and everything that makes it a bad one.
#include <doctest/doctest.h>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "tests/unit/jose/samples.h"

using namespace adit;
using namespace adit::jose;
using namespace adit::jose::samples;

namespace {

constexpr std::int64_t kSecond = 2'000'000'000;
const WallTime kNow{std::chrono::seconds(kSecond)};
const std::string kHeader = R"({"alg":"ES256","kid":"k1","typ":"JWT"})";
const std::string kClaims =
    R"({"iss":"https://i","aud":["x","me"],"exp":2000000100,"nbf":1999999990.5,"iat":1999999990})";

const SigningKey& key() {
    static const SigningKey made = std::move(*SigningKey::generate(Algorithm::es256));
    return made;
}

const KeySet& keys() {
    static const SigningKey rsa = std::move(*SigningKey::generate(Algorithm::rs256));
    static const SigningKey rsa_ps = std::move(*SigningKey::generate(Algorithm::ps256));
    static const KeySet made = std::move(*KeySet::parse(in_set(boost::json::serialize(key().public_jwk("k1")) + "," +
                                                               boost::json::serialize(rsa.public_jwk("r1")) + "," +
                                                               boost::json::serialize(rsa_ps.public_jwk("r2")))));
    return made;
}

Requirements requirements() {
    return {.issuer = "https://i",
            .audiences = {"other", "me"},
            .algorithms = {Algorithm::es256, Algorithm::rs256, Algorithm::eddsa}};
}

std::string words_of(std::string_view token, Flaw& flaw) {
    const auto claims = verify(token, keys(), requirements(), kNow);
    if (claims) {
        return "good";
    }
    flaw = claims.error().flaw;
    return claims.error().words;
}

struct Row {
    const char* what;
    Flaw flaw;
    std::string header;
    std::string claims;
};

std::string claims_with(std::string_view exp, std::string_view more = {}) {
    return fmt::format(R"({{"iss":"https://i","aud":"me","exp":{}{}}})", exp, more);
}

}  // namespace

TEST_CASE("a good token gives its claims") {
    const auto claims = verify(signed_as(key(), kHeader, kClaims), keys(), requirements(), kNow);
    REQUIRE(claims);
    CHECK(claims->at("iss") == "https://i");
}

TEST_CASE("what does not matter does not hurt") {
    for (const std::string header : {
             R"({"alg":"ES256","kid":"k1"})",
             R"({"alg":"ES256"})",
             R"({"alg":"ES256","kid":"k1","typ":"jwt"})",
             R"({"alg":"ES256","kid":"k1","typ":"at+JWT"})",
             R"({"alg":"ES256","kid":"k1","typ":"application/at+jwt"})",
             R"({"alg":"ES256","kid":"k1","jku":"https://evil","x5u":"https://evil","jwk":{"kty":"oct"},"x5c":["AA"]})",
         }) {
        CAPTURE(header);
        CHECK(verify(signed_as(key(), header, kClaims), keys(), requirements(), kNow));
    }
    for (const std::string& claims : {
             claims_with("2000000100"),
             claims_with("2000000000.5"),
             claims_with("2.0000001e9"),
             claims_with("1999999971"),  // within the skew
             claims_with("2000000100", R"(,"nbf":2000000030,"iat":2000000029.9)"),
             claims_with("2000000100", R"(,"nbf":0,"x":{"y":[null]})"),
         }) {
        CAPTURE(claims);
        CHECK(verify(signed_as(key(), kHeader, claims), keys(), requirements(), kNow));
    }
}

TEST_CASE("a header that is not what it must be is refused, though its signature is good") {
    const Row table[] = {
        {"alg of another spelling", Flaw::algorithm, R"({"alg":"es256","kid":"k1"})", kClaims},
        {"none", Flaw::algorithm, R"({"alg":"none","kid":"k1"})", kClaims},
        {"a MAC", Flaw::algorithm, R"({"alg":"HS256","kid":"k1"})", kClaims},
        {"an algorithm that is not pinned", Flaw::algorithm, R"({"alg":"ES384","kid":"k1"})", kClaims},
        {"an algorithm of another kind", Flaw::algorithm, R"({"alg":"RS256","kid":"k1"})", kClaims},
        {"an algorithm that is not the key's own", Flaw::algorithm, R"({"alg":"RS256","kid":"r2"})", kClaims},
        {"no alg", Flaw::malformed, R"({"kid":"k1"})", kClaims},
        {"alg that is no text", Flaw::malformed, R"({"alg":["ES256"],"kid":"k1"})", kClaims},
        {"a kid that is no text", Flaw::malformed, R"({"alg":"ES256","kid":1})", kClaims},
        {"an unknown kid", Flaw::unknown_key, R"({"alg":"ES256","kid":"k2"})", kClaims},
        {"an empty kid", Flaw::unknown_key, R"({"alg":"ES256","kid":""})", kClaims},
        {"no kid, and no key for it", Flaw::unknown_key, R"({"alg":"EdDSA"})", kClaims},
        {"the kid of another key", Flaw::algorithm, R"({"alg":"ES256","kid":"r1"})", kClaims},
        {"crit", Flaw::malformed, R"({"alg":"ES256","kid":"k1","crit":["exp"],"exp":1})", kClaims},
        {"an empty crit", Flaw::malformed, R"({"alg":"ES256","kid":"k1","crit":[]})", kClaims},
        {"b64", Flaw::malformed, R"({"alg":"ES256","kid":"k1","b64":false})", kClaims},
        {"zip", Flaw::malformed, R"({"alg":"ES256","kid":"k1","zip":"DEF"})", kClaims},
        {"enc", Flaw::malformed, R"({"alg":"ES256","kid":"k1","enc":"A128GCM"})", kClaims},
        {"a token in a token", Flaw::malformed, R"({"alg":"ES256","kid":"k1","cty":"JWT"})", kClaims},
        {"a token of another purpose", Flaw::malformed, R"({"alg":"ES256","kid":"k1","typ":"logout+jwt"})", kClaims},
        {"typ that is no text", Flaw::malformed, R"({"alg":"ES256","kid":"k1","typ":1})", kClaims},
        {"a name twice", Flaw::malformed, R"({"alg":"none","alg":"ES256","kid":"k1"})", kClaims},
        {"a name twice by an escape", Flaw::malformed, R"({"alg":"ES256","kid":"k1","k\u0069d":"k1"})", kClaims},
        {"a header that is no object", Flaw::malformed, R"(["ES256"])", kClaims},
        {"an empty header", Flaw::malformed, "", kClaims},
    };
    for (const Row& row : table) {
        CAPTURE(row.what);
        Flaw flaw{};
        CHECK(words_of(signed_as(key(), row.header, row.claims), flaw) != "good");
        CHECK(flaw == row.flaw);
    }
}

TEST_CASE("claims that are not what they must be are refused, though the signature is good") {
    const Row table[] = {
        {"no exp", Flaw::claims, kHeader, R"({"iss":"https://i","aud":"me"})"},
        {"exp as text", Flaw::claims, kHeader, claims_with("\"2000000100\"")},
        {"exp of null", Flaw::claims, kHeader, claims_with("null")},
        {"a negative exp", Flaw::claims, kHeader, claims_with("-2000000100")},
        {"exp in milliseconds", Flaw::claims, kHeader, claims_with("2000000100000")},
        {"exp beyond numbers", Flaw::claims, kHeader, claims_with("1e999")},
        {"expired by more than the skew", Flaw::expired, kHeader, claims_with("1999999970")},
        {"not valid yet", Flaw::not_yet, kHeader, claims_with("2000000100", R"(,"nbf":2000000031)")},
        {"issued in the future", Flaw::not_yet, kHeader, claims_with("2000000100", R"(,"iat":2000000031)")},
        {"nbf as text", Flaw::claims, kHeader, claims_with("2000000100", R"(,"nbf":"0")")},
        {"iat of true", Flaw::claims, kHeader, claims_with("2000000100", R"(,"iat":true)")},
        {"another issuer", Flaw::issuer, kHeader, R"({"iss":"https://i/","aud":"me","exp":2000000100})"},
        {"an issuer in a list", Flaw::issuer, kHeader, R"({"iss":["https://i"],"aud":"me","exp":2000000100})"},
        {"no issuer", Flaw::issuer, kHeader, R"({"aud":"me","exp":2000000100})"},
        {"another audience", Flaw::audience, kHeader, R"({"iss":"https://i","aud":"you","exp":2000000100})"},
        {"an audience of another case", Flaw::audience, kHeader, R"({"iss":"https://i","aud":"Me","exp":2000000100})"},
        {"other audiences", Flaw::audience, kHeader, R"({"iss":"https://i","aud":["you"],"exp":2000000100})"},
        {"no audience in a list", Flaw::audience, kHeader, R"({"iss":"https://i","aud":[],"exp":2000000100})"},
        {"no audience", Flaw::audience, kHeader, R"({"iss":"https://i","exp":2000000100})"},
        {"an audience that is a number", Flaw::audience, kHeader, R"({"iss":"https://i","aud":7,"exp":2000000100})"},
        {"a list with a number", Flaw::claims, kHeader, R"({"iss":"https://i","aud":["me",7],"exp":2000000100})"},
        {"a name twice", Flaw::malformed, kHeader, claims_with("2000000100", R"(,"exp":2000000200)")},
        {"a name twice deep inside", Flaw::malformed, kHeader, claims_with("2000000100", R"(,"a":[{"b":1,"b":2}])")},
        {"no object", Flaw::malformed, kHeader, "[]"},
        {"no JSON", Flaw::malformed, kHeader, "me"},
        {"something behind it", Flaw::malformed, kHeader, claims_with("2000000100") + "{}"},
    };
    for (const Row& row : table) {
        CAPTURE(row.what);
        Flaw flaw{};
        CHECK(words_of(signed_as(key(), row.header, row.claims), flaw) != "good");
        CHECK(flaw == row.flaw);
    }
}

TEST_CASE("a text that is no signed token is refused") {
    const std::string good = signed_as(key(), kHeader, kClaims);
    const std::size_t second = good.rfind('.');
    const std::string text = good.substr(0, second);
    std::string other_letter = good;
    other_letter[second + 10] = other_letter[second + 10] == 'A' ? 'B' : 'A';
    const auto raw = base64url_decode(good.substr(second + 1));
    REQUIRE(raw);
    Bytes zeros(64);
    Bytes long_one = *raw;
    long_one.insert(long_one.begin(), 0);
    const struct {
        const char* what;
        Flaw flaw;
        std::string token;
    } table[] = {
        {"nothing", Flaw::malformed, ""},
        {"dots", Flaw::malformed, ".."},
        {"two parts", Flaw::malformed, text},
        {"no signature", Flaw::malformed, text + "."},
        {"four parts", Flaw::malformed, good + "."},
        {"five parts", Flaw::malformed, good + ".AA.AA"},
        {"padding", Flaw::malformed, good + "=="},
        {"a blank", Flaw::malformed, " " + good},
        {"a line end", Flaw::malformed, good + "\n"},
        {"the other alphabet", Flaw::malformed, good.substr(0, second + 1) + "+/" + good.substr(second + 3)},
        {"cut off", Flaw::signature, good.substr(0, second + 1) + encoded(std::string(raw->begin(), raw->end() - 2))},
        {"another letter in the signature", Flaw::signature, other_letter},
        {"r and s of 0", Flaw::signature, text + "." + base64url_encode(zeros)},
        {"a signature with a zero in front", Flaw::signature, text + "." + base64url_encode(long_one)},
        {"the claims of another token", Flaw::signature,
         encoded(kHeader) + "." + encoded(claims_with("2000000300")) + good.substr(second)},
        {"too large", Flaw::too_large, std::string(16 * 1024 + 1, 'A')},
    };
    for (const auto& row : table) {
        CAPTURE(row.what);
        Flaw flaw{};
        CHECK(words_of(row.token, flaw) != "good");
        CHECK(flaw == row.flaw);
    }
}

TEST_CASE("a token without a kid needs a set with one key for its algorithm") {
    const auto two =
        KeySet::parse(in_set(boost::json::serialize(key().public_jwk("a")) + "," + ec_jwk(R"(,"kid":"b")")));
    REQUIRE(two);
    const auto claims = verify(signed_as(key(), R"({"alg":"ES256"})", kClaims), *two, requirements(), kNow);
    REQUIRE_FALSE(claims);
    CHECK(claims.error().flaw == Flaw::unknown_key);
}

TEST_CASE("words show of a token its kid and alg only, and those made harmless") {
    Flaw flaw{};
    CHECK(words_of(signed_as(key(), R"({"alg":"ES256","kid":"a\u0000\n\u00e9"})", kClaims), flaw) ==
          "no key has kid a????");
    const std::string name(100, 'n');
    CHECK(words_of(signed_as(key(), R"({"alg":")" + name + R"("})", kClaims), flaw) ==
          "alg " + name.substr(0, 64) + "... is not allowed");
}

TEST_CASE("what is read of a token before it is verified is only read from what could be one") {
    CHECK_FALSE(key_id("a.b.c"));
    CHECK_FALSE(key_id(std::string(100'000, '.')));
    CHECK_FALSE(claimed_issuer(signed_as(key(), kHeader, R"({"iss":1})")));
    CHECK(claimed_issuer(signed_as(key(), kHeader, R"({"iss":"https://evil"})")) == "https://evil");
}
