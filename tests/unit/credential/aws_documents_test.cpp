// What AWS answers when it is asked for keys.
#include "connector/credential/aws_documents.h"

#include <doctest/doctest.h>

using namespace adit;
using namespace adit::credential;
using fetch::Fault;

namespace {

WallTime now() {
    return parse_time("2026-01-02T03:04:05Z").value();
}

std::string role(const std::string& credentials) {
    return "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
           "<AssumeRoleWithWebIdentityResult><Audience>sts.amazonaws.com</Audience><Credentials>" +
           credentials +
           "</Credentials></AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>r</RequestId>"
           "</ResponseMetadata></AssumeRoleWithWebIdentityResponse>";
}

std::string error(const char* code, const char* message) {
    return std::string("<ErrorResponse><Error><Type>Sender</Type><Code>") + code + "</Code><Message>" + message +
           "</Message></Error><RequestId>r</RequestId></ErrorResponse>";
}

constexpr const char* kKeys =
    "<SessionToken>to/ken+==</SessionToken><SecretAccessKey>s3&amp;cret</SecretAccessKey>"
    "<Expiration>2026-01-02T04:04:05Z</Expiration><AccessKeyId>ASIA1</AccessKeyId>";

}  // namespace

TEST_CASE("STS gives keys and says how long they live") {
    const auto made = read_sts_answer(200, role(kKeys), now());
    REQUIRE(made);
    CHECK((*made)->credentials.access_key_id == "ASIA1");
    CHECK((*made)->credentials.secret_access_key.reveal() == "s3&cret");
    CHECK((*made)->credentials.session_token.reveal() == "to/ken+==");
    CHECK((*made)->life == std::chrono::hours(1));
}

TEST_CASE("an error of STS is told by its code; what may pass is tried again") {
    struct Case {
        int status;
        const char* code;
        Fault fault;
    };
    for (const Case& one :
         {Case{403, "AccessDenied", Fault::permanent}, Case{400, "InvalidIdentityToken", Fault::permanent},
          Case{400, "ValidationError", Fault::permanent}, Case{400, "IDPCommunicationError", Fault::transient},
          Case{400, "Throttling", Fault::transient}, Case{400, "ExpiredTokenException", Fault::transient},
          Case{500, "InternalFailure", Fault::transient}, Case{503, "Anything", Fault::transient}}) {
        CAPTURE(one.code);
        const auto made = read_sts_answer(one.status, error(one.code, "Not authorized\nto do it"), now());
        REQUIRE_FALSE(made);
        CHECK(made.error().fault == one.fault);
        CHECK(made.error().words ==
              "STS answered " + std::to_string(one.status) + " " + one.code + ": Not authorized to do it");
    }
    const auto html = read_sts_answer(403, "<html><body>blocked", now());
    CHECK(html.error().fault == Fault::transient);
    CHECK(html.error().words == "STS answered 403");
}

TEST_CASE("half an answer gives no keys, and neither do keys that have expired") {
    for (const std::string& body :
         {std::string(), std::string("{}"), role(""), role("<AccessKeyId>A</AccessKeyId>"),
          role("<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"),
          role("<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t\r\nx: "
               "y</SessionToken><Expiration>2026-01-02T04:04:05Z</Expiration>"),
          role("<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</"
               "SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration>")}) {
        const auto made = read_sts_answer(200, body, now());
        REQUIRE_FALSE(made);
        CHECK(made.error().fault == Fault::transient);
    }
}

TEST_CASE("containers and instances give keys as JSON") {
    const auto made = read_keys_document("the container's agent", 200,
                                         R"({"RoleArn":"arn","AccessKeyId":"ASIA2","SecretAccessKey":"secret",)"
                                         R"("Token":"token","Expiration":"2026-01-02T03:14:05.250Z","Code":"Success"})",
                                         now());
    REQUIRE(made);
    CHECK((*made)->credentials.access_key_id == "ASIA2");
    CHECK((*made)->credentials.session_token.reveal() == "token");
    CHECK((*made)->life == std::chrono::minutes(10));
}

TEST_CASE("their errors are told, in both of their shapes") {
    const auto container = read_keys_document(
        "the container's agent", 400, R"({"code":"InvalidTokenException","message":"no such \u0007pod"})", now());
    CHECK(container.error().words == "the container's agent answered 400 InvalidTokenException: no such  pod");
    CHECK(container.error().fault == Fault::permanent);
    const auto instance = read_keys_document(
        "the instance's metadata", 200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot"})", now());
    CHECK(instance.error().words == "the instance's metadata answered 200 AssumeRoleUnauthorizedAccess: EC2 cannot");
    CHECK(instance.error().fault == Fault::transient);
    for (const char* body : {"", "[]", "{", "\"x\"", R"({"AccessKeyId":1})", R"({"AccessKeyId":"a"})"}) {
        CHECK_FALSE(read_keys_document("x", 200, body, now()));
        CHECK_FALSE(read_keys_document("x", 503, body, now()));
    }
}
