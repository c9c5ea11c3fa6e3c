// Signature Version 4 against the cases that AWS publishes (aws-sig-v4-test-suite), and its rules one by one.
#include "connector/credential/sigv4.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "common/base/encoding.h"

using namespace adit;
using namespace adit::credential;

namespace {

constexpr const char* kToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwth"
    "Ax7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAki"
    "Y9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

AwsCredentials credentials(std::string token = {}) {
    return {"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret(std::move(token))};
}

WallTime date() {
    return parse_time("2015-08-30T12:36:00Z").value();
}

using Fields = SigningInput::Fields;

struct Case {
    const char* name;
    const char* method;
    const char* path;
    const char* query;
    Fields fields;
    const char* body;
    const char* signed_names;
    const char* signature;
};

const char* const kHost = "host;x-amz-date";
const char* const kMine = "host;my-header1;x-amz-date";

const std::vector<Case>& suite() {
    static const std::vector<Case> cases = {
        {"get-vanilla",
         "GET",
         "/",
         "",
         {},
         "",
         kHost,
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"get-vanilla-query",
         "GET",
         "/",
         "?",
         {},
         "",
         kHost,
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"get-vanilla-empty-query-key",
         "GET",
         "/",
         "?Param1=value1",
         {},
         "",
         kHost,
         "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        {"get-vanilla-query-order-key-case",
         "GET",
         "/",
         "?Param2=value2&Param1=value1",
         {},
         "",
         kHost,
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-vanilla-query-unreserved",
         "GET",
         "/",
         "?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~"
         "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
         {},
         "",
         kHost,
         "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
        {"get-vanilla-utf8-query",
         "GET",
         "/",
         "?ሴ=bar",
         {},
         "",
         kHost,
         "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        {"get-unreserved",
         "GET",
         "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
         "",
         {},
         "",
         kHost,
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {"get-utf8",
         "GET",
         "/ሴ",
         "",
         {},
         "",
         kHost,
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"get-header-key-duplicate",
         "GET",
         "/",
         "",
         {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
         "",
         kMine,
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        {"get-header-value-order",
         "GET",
         "/",
         "",
         {{"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}},
         "",
         kMine,
         "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
        {"get-header-value-trim",
         "GET",
         "/",
         "",
         {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
         "",
         "host;my-header1;my-header2;x-amz-date",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {"normalize-path/get-relative",
         "GET",
         "/example/..",
         "",
         {},
         "",
         kHost,
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"normalize-path/get-relative-relative",
         "GET",
         "/example1/example2/../..",
         "",
         {},
         "",
         kHost,
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"normalize-path/get-slash",
         "GET",
         "//",
         "",
         {},
         "",
         kHost,
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"normalize-path/get-slash-dot-slash",
         "GET",
         "/./",
         "",
         {},
         "",
         kHost,
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"normalize-path/get-slash-pointless-dot",
         "GET",
         "/./example",
         "",
         {},
         "",
         kHost,
         "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
        {"normalize-path/get-slashes",
         "GET",
         "//example//",
         "",
         {},
         "",
         kHost,
         "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
        {"normalize-path/get-space",
         "GET",
         "/example space/",
         "",
         {},
         "",
         kHost,
         "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        {"post-vanilla",
         "POST",
         "/",
         "",
         {},
         "",
         kHost,
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"post-vanilla-query",
         "POST",
         "/",
         "?Param1=value1",
         {},
         "",
         kHost,
         "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
        {"post-vanilla-query-nonunreserved",
         "POST",
         "/",
         "?@%23$%25^=&%2B=/,?><`\";:\\|][{}",
         {},
         "",
         kHost,
         "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e"},
        {"post-vanilla-query-space",
         "POST",
         "/",
         "?p=",
         {},
         "",
         kHost,
         "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b"},
        {"post-header-key-sort",
         "POST",
         "/",
         "",
         {{"My-Header1", "value1"}},
         "",
         kMine,
         "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
        {"post-header-value-case",
         "POST",
         "/",
         "",
         {{"My-Header1", "VALUE1"}},
         "",
         kMine,
         "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
        {"post-x-www-form-urlencoded",
         "POST",
         "/",
         "",
         {{"Content-Type", "application/x-www-form-urlencoded"}},
         "Param1=value1",
         "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
        {"post-x-www-form-urlencoded-parameters",
         "POST",
         "/",
         "",
         {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
         "Param1=value1",
         "content-type;host;x-amz-date",
         "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
    };
    return cases;
}

std::string field(const std::vector<std::pair<std::string, std::string>>& fields, std::string_view name) {
    const auto found = std::ranges::find(fields, name, [](const auto& one) { return std::string_view(one.first); });
    return found == fields.end() ? "none" : found->second;
}

std::string authorization(std::string_view names, std::string_view signature) {
    return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" +
           std::string(names) + ", Signature=" + std::string(signature);
}

}  // namespace

TEST_CASE("signatures are those of AWS's own test suite") {
    const SigningKey key(credentials().secret_access_key, "20150830", {"us-east-1", "service"});
    for (const Case& one : suite()) {
        CAPTURE(one.name);
        SigningInput input{one.method, one.path, one.query, one.fields, PayloadHash::implied, one.body};
        input.fields.emplace_back("Host", "example.amazonaws.com");
        const auto made = sign_request(input, credentials(), key, date());
        CHECK_EQ(field(made, "authorization"), authorization(one.signed_names, one.signature));
        CHECK_EQ(field(made, "x-amz-date"), "20150830T123600Z");
        CHECK_EQ(field(made, "x-amz-content-sha256"), "none");
    }
}

TEST_CASE("a session token is signed and said (post-sts-header-before)") {
    const SigningKey key(credentials().secret_access_key, "20150830", {"us-east-1", "service"});
    const SigningInput input{"POST", "/", "", {{"host", "example.amazonaws.com"}}, PayloadHash::implied, ""};
    const auto made = sign_request(input, credentials(kToken), key, date());
    CHECK_EQ(field(made, "x-amz-security-token"), kToken);
    CHECK_EQ(field(made, "authorization"),
             authorization("host;x-amz-date;x-amz-security-token",
                           "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"));
}

TEST_CASE("what a caller says of the signature does not count") {
    const SigningKey key(credentials().secret_access_key, "20150830", {"us-east-1", "service"});
    const SigningInput input{
        "GET", "/", "", {{"host", "example.amazonaws.com"}, {"X-Amz-Date", "20000101T000000Z"}}, PayloadHash::implied,
        ""};
    CHECK_EQ(field(sign_request(input, credentials(), key, date()), "authorization"),
             authorization(kHost, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"));
}

TEST_CASE("the hash of the payload is said, or that there is none") {
    const SigningKey key(credentials().secret_access_key, "20150830", {"us-east-1", "s3"});
    SigningInput input{"PUT", "/", "", {{"host", "h"}}, PayloadHash::said, ""};
    CHECK_EQ(field(sign_request(input, credentials(), key, date()), "x-amz-content-sha256"),
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    input.payload_hash = PayloadHash::not_included;
    const auto made = sign_request(input, credentials(), key, date());
    CHECK_EQ(field(made, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    CHECK(field(made, "authorization").contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date,"));
}

TEST_CASE("a key is of one secret, day, region and service") {
    const AwsCredentials keys = credentials();
    const Secret& secret = keys.secret_access_key;
    const SigningKey key(secret, "20150830", {"us-east-1", "iam"});
    // The derived key that AWS's documentation shows.
    CHECK_EQ(hex_encode(key.bytes()), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    CHECK_NE(SigningKey(secret, "20150831", {"us-east-1", "iam"}).bytes(), key.bytes());
    CHECK_NE(SigningKey(secret, "20150830", {"us-east-2", "iam"}).bytes(), key.bytes());
    CHECK_NE(SigningKey(secret, "20150830", {"us-east-1", "sts"}).bytes(), key.bytes());
    CHECK_NE(SigningKey(Secret("another"), "20150830", {"us-east-1", "iam"}).bytes(), key.bytes());
    CHECK_EQ(amz_day(date()), "20150830");
}

TEST_CASE("paths are encoded once more, but not where they name objects") {
    const SigningScope api{"eu-west-1", "execute-api"};
    const SigningScope s3{"eu-west-1", "s3"};
    CHECK_EQ(canonical_path("/a%20b/%E1%88%B4", api), "/a%2520b/%25E1%2588%25B4");
    CHECK_EQ(canonical_path("/a%20b/%e1%88%b4", s3), "/a%20b/%E1%88%B4");
    CHECK_EQ(canonical_path("/a//b/../c", s3), "/a//b/../c");
    CHECK_EQ(canonical_path("/a//b/../c", api), "/a/c");
    CHECK_EQ(canonical_path("", api), "/");
    CHECK_EQ(canonical_path("", s3), "/");
    CHECK_EQ(canonical_path("/..", api), "/");
    CHECK_EQ(canonical_path("/a/.", api), "/a/");
    CHECK_EQ(canonical_path("/a:b,c+d", api), "/a%3Ab%2Cc%2Bd");
    CHECK_EQ(canonical_path("/x%", s3), "/x%25");
}

TEST_CASE("parameters are decoded, encoded in one way, and sorted by name and value") {
    CHECK_EQ(canonical_query("?b=2&a=1"), "a=1&b=2");
    CHECK_EQ(canonical_query("a=2&a=1&a=10"), "a=1&a=10&a=2");
    CHECK_EQ(canonical_query("?flag&x="), "flag=&x=");
    CHECK_EQ(canonical_query("?a=%7e%2f&b=%zz"), "a=~%2F&b=%25zz");
    CHECK_EQ(canonical_query("?q=a+b%20c%2B"), "q=a%20b%20c%2B");
    CHECK_EQ(canonical_query("?a=b=c"), "a=b%3Dc");
    CHECK_EQ(canonical_query("?&&=x&a=1&"), "=x&a=1");
    CHECK_EQ(canonical_query("?a1=&a=&A="), "A=&a=&a1=");
}

TEST_CASE("blanks of a value are one blank, and none at its ends") {
    CHECK_EQ(canonical_value("  a   b \t c "), "a b c");
    CHECK_EQ(canonical_value(""), "");
    CHECK_EQ(canonical_value("   "), "");
}
