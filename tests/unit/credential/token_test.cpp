// What providers answer, well and badly, and what we make of it.
#include "connector/credential/token.h"

#include <doctest/doctest.h>

#include "common/base/encoding.h"
#include "connector/credential/form.h"
#include "connector/credential/provider.h"
#include "connector/credential/subject_token.h"
#include "connector/http/reply_time.h"

using namespace adit;
using namespace credential;
using namespace std::chrono_literals;
using fetch::Fault;

namespace {

fetch::Reply answered(int status, std::string body, std::vector<std::pair<std::string, std::string>> fields = {}) {
    fetch::Reply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.fields = std::move(fields);
    return reply;
}

std::string text_of(const fetch::Made& made) {
    return made ? std::string(static_cast<const Token&>(**made).text.reveal()) : "-";
}

std::string encoded(std::string_view text) {
    return base64url_encode({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

TEST_CASE("a token lives as long as its answer says, by a number or a string of one") {
    struct Case {
        const char* body;
        std::chrono::milliseconds life;
    };
    for (const auto& [body, life] :
         {Case{R"({"access_token":"abc","expires_in":3600})", 3600s},
          Case{R"({"access_token":"abc","expires_in":"3599"})", 3599s},
          Case{R"({"access_token":"abc","expires_in":59.9})", 59s},
          Case{R"({"access_token":"abc","expires_in":1e300})", 30 * 24h}, Case{R"({"access_token":"abc"})", 300s}}) {
        CAPTURE(body);
        const auto made = read_token(answered(200, body));
        REQUIRE(made);
        CHECK(text_of(made) == "abc");
        CHECK((*made)->life == life);
    }
}

TEST_CASE("an end that is a time counts from the provider's clock") {
    const auto made = read_token(answered(200, R"({"accessToken":"abc","expireTime":"2026-01-02T03:04:05Z"})",
                                          {{"date", "Fri, 02 Jan 2026 02:04:05 GMT"}}),
                                 "accessToken");
    REQUIRE(made);
    CHECK((*made)->life == 3600s);
}

TEST_CASE("an end or a date beyond what our clock can count is far away, and no more") {
    for (const char* end : {"2263-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
        CAPTURE(end);
        const auto made = read_token(
            answered(200, std::string(R"({"access_token":"abc","expireTime":")") + end + "\"}"), "access_token");
        REQUIRE(made);
        CHECK((*made)->life == 30 * 24h);
    }
    const auto expired = read_token(answered(200, R"({"access_token":"abc","expireTime":"2026-01-02T03:04:05Z"})",
                                             {{"date", "Fri, 31 Dec 9999 23:59:59 GMT"}}));
    CHECK_FALSE(expired);
    const WallTime now = parse_time("2026-01-02T03:04:05Z").value();
    CHECK(http::retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now) > 100 * 365 * 24h);
    CHECK(http::retry_after("Fri, 01 Jan 1600 00:00:00 GMT", now) == 0s);
}

TEST_CASE("a JWT says its end itself, where nobody else does") {
    const std::string jwt = encoded(R"({"alg":"RS256"})") + "." + encoded(R"({"exp":1767323045})") + ".c2ln";
    const auto made = read_bare_token(answered(200, jwt + "\n", {{"date", "Fri, 02 Jan 2026 02:04:05 GMT"}}));
    REQUIRE(made);
    CHECK(text_of(made) == jwt);
    CHECK((*made)->life == 3600s);
}

TEST_CASE("an answer of 200 that gives no token may be another one the next time") {
    for (const char* body :
         {"", "{", "[]", "null", "{}", R"({"access_token":7,"expires_in":1})", R"({"access_token":"","expires_in":1})",
          R"({"access_token":"abc","expires_in":0})", R"({"access_token":"abc","expires_in":-5})",
          R"({"access_token":"abc","expires_in":"soon"})", R"({"access_token":"abc","expires_in":"nan"})",
          R"({"access_token":"abc","expires_in":"inf"})", R"({"access_token":"abc","expires_in":[]})",
          R"({"access_token":"a\r\nb: c","expires_in":1})", R"({"access_token":"a b","expires_in":1})", "<html>"}) {
        CAPTURE(body);
        const auto made = read_token(answered(200, body));
        REQUIRE_FALSE(made);
        CHECK(made.error().fault == Fault::transient);
    }
}

TEST_CASE("troubles are told apart by status and code, in one line") {
    struct Case {
        int status;
        const char* body;
        Fault fault;
        const char* words;
    };
    for (
        const auto& [status, body, fault, words] :
        {Case{401, R"({"error":"invalid_client","error_description":"who?"})", Fault::permanent,
              "it answered 401 invalid_client: who?"},
         Case{400, R"({"error":"invalid_scope"})", Fault::permanent, "it answered 400 invalid_scope"},
         Case{400, R"({"error":"internal_failure"})", Fault::transient, "it answered 400 internal_failure"},
         Case{403, R"({"error":{"code":403,"message":"Permission denied","status":"PERMISSION_DENIED"}})",
              Fault::permanent, "it answered 403 PERMISSION_DENIED: Permission denied"},
         Case{
             400,
             R"({"error":"invalid_scope","error_description":"AADSTS70011: bad.\r\nTrace ID: 1","error_codes":[70011]})",
             Fault::permanent, "it answered 400 invalid_scope: AADSTS70011: bad."},
         Case{401, R"({"error":"invalid_client","error_description":"AADSTS7000215: no. Trace ID: 1"})",
              Fault::permanent, "it answered 401 invalid_client: AADSTS7000215: no."},
         Case{404, "<html>", Fault::permanent, "it answered 404"}, Case{500, "", Fault::transient, "it answered 500"},
         Case{503, R"({"error":"x\u001b[31m"})", Fault::transient, "it answered 503 x?[31m"},
         Case{429, "slow", Fault::transient, "it answered 429"},
         Case{302, "", Fault::permanent, "it answered 302, a redirect, which is not followed"},
         Case{204, "", Fault::transient, "it answered 204"}}) {
        CAPTURE(body);
        const fetch::Trouble trouble = trouble_of(answered(status, body));
        CHECK(trouble.fault == fault);
        CHECK(trouble.words == words);
    }
}

TEST_CASE("a provider's wish for rest is heard") {
    CHECK(trouble_of(answered(429, "", {{"retry-after", "17"}})).retry_after == 17s);
    CHECK_FALSE(trouble_of(answered(429, "", {{"retry-after", "soon"}})).retry_after);
    CHECK_FALSE(trouble_of(answered(401, "", {{"retry-after", "17"}})).retry_after);
}

TEST_CASE("a provider that repeats a secret does not get it into our words") {
    Secrets secrets;
    secrets.add("").add("s3cret").add("s3cret/longer").add_long("public").add("*");
    CHECK(without_secrets("no s3cret, and s3cret", secrets) == "no ***, and ***");
    CHECK(without_secrets("public s3cret/longer s3cret%2Flonger", secrets) == "public *** ***");
    CHECK(without_secrets("s3cret*", secrets) == "***");
}

TEST_CASE("what a provider repeats is masked before it is cut and made printable") {
    const auto words_of = [](const std::string& repeated, const Secrets& secrets) {
        return trouble_of(answered(400, R"({"error":"no","error_description":")" + repeated + "\"}"), secrets).words;
    };
    const std::string filling(290, 'x');
    Secrets cut;
    cut.add("s3cret-of-the-client");
    CHECK(words_of(filling + "s3cret-of-the-client", cut) == "it answered 400 no: " + filling + "***");
    Secrets non_ascii;
    non_ascii.add("pässwörd");
    CHECK(words_of("not pässwörd, p%C3%A4ssw%C3%B6rd", non_ascii) == "it answered 400 no: not ***, ***");
    Secrets subject;
    subject.add("eyJh.eyJz.c2ln");
    CHECK(words_of("bad subject_token eyJh.eyJz.c2ln", subject) == "it answered 400 no: bad subject_token ***");
    CHECK(trouble_of(answered(400, R"({"error":"eyJh.eyJz.c2ln"})"), subject).words == "it answered 400 ***");
}

TEST_CASE("a token of others is what stands between blanks, and never nothing") {
    CHECK(token_in("\t eyJh.eyJz.c2ln \r\n\t", {}) == std::string("eyJh.eyJz.c2ln"));
    CHECK(token_in("{\"id_token\": \"eyJh\"}\n", "id_token") == std::string("eyJh"));
    for (const char* blank : {"", " ", "\n\t", "\t", " \r\n\t "}) {
        const auto none = token_in(blank, {});
        CHECK((none ? "a token" : none.error().message) == "it is empty");
    }
}

TEST_CASE("forms are encoded, and leave out what is empty") {
    Form form;
    form.add("grant_type", "client_credentials").add("scope", "").add("a b", "1&2=3+ü");
    const fetch::Request request = std::move(form).post();
    CHECK(request.method == "POST");
    CHECK(request.body == "grant_type=client_credentials&a%20b=1%262%3D3%2B%C3%BC");
}
