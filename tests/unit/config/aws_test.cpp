// aws_sigv4 as configured.
#include <doctest/doctest.h>

#include "tests/unit/config/loading.h"

namespace adit::config {
namespace {

using test::errors_of;
using yaml::test::environment;
using yaml::test::TemporaryFiles;

std::string with(const std::string& credential, const std::string& endpoint = "https://example.com") {
    return "issuers: { us: { url: \"https://id.example.com\", directory: keys } }\n"
           "backends: { b: { endpoints: [" +
           endpoint + "], credential: { aws_sigv4: " + credential +
           " } } }\nlisteners: [{ address: \"127.0.0.1:80\" }]\nroutes: [{ match: {}, backend: b }]\n";
}

AwsSigV4 load_good(const std::string& credential) {
    const TemporaryFiles files;
    const auto loaded = load(files.write("adit.yaml", with(credential)), environment());
    REQUIRE_MESSAGE(loaded, loaded.error().text());
    return loaded->backends.front().credential.aws_sigv4.value();
}

}  // namespace

TEST_CASE("region and service are enough") {
    const AwsSigV4 read = load_good("{ region: eu-central-1, service: execute-api }");
    CHECK(read.region == "eu-central-1");
    CHECK(read.service == "execute-api");
    CHECK(read.keys.from == AwsKeys::From::automatic);
    CHECK(read.payload == AwsSigV4::Payload::is_signed);
    CHECK(read.body_bytes == 1 << 20);
}

TEST_CASE("everything of it is read") {
    const AwsSigV4 read = load_good(
        "{ region: eu-central-1, service: s3, payload: unsigned, body_bytes: 64KiB, prefetch: true, keys: { from: "
        "web_identity, role_arn: \"arn:aws:iam::123456789012:role/gateway\", session_name: edge, duration: 15m, "
        "region: "
        "eu-west-1, federated: { issuer: us, subject: gateway, audience: a }, endpoint: { url: "
        "\"http://127.0.0.1:1/x\", through: \"http://proxy:3128\", timeout: 2s } } }");
    CHECK(read.payload == AwsSigV4::Payload::is_unsigned);
    CHECK(read.body_bytes == 64 << 10);
    CHECK(read.prefetch);
    CHECK(read.keys.from == AwsKeys::From::web_identity);
    CHECK(read.keys.role_arn == "arn:aws:iam::123456789012:role/gateway");
    CHECK(read.keys.session_name == "edge");
    CHECK(read.keys.duration == std::chrono::minutes(15));
    CHECK(read.keys.region == "eu-west-1");
    CHECK(read.keys.federated->issuer == "us");
    CHECK(read.keys.federated->audience == "a");
    CHECK(read.keys.endpoint.url->text() == "http://127.0.0.1:1/x");
    CHECK(read.keys.endpoint.through == "http://proxy:3128");
    CHECK(read.keys.endpoint.timeout == std::chrono::seconds(2));
}

TEST_CASE("what does not fit together is told") {
    struct Case {
        const char* keys;
        const char* error;
    };
    for (const Case& one : {
             Case{"{ access_key_id: A }", "access_key_id and secret_access_key belong together"},
             Case{"{ session_token: t }", "a session_token belongs to an access_key_id"},
             Case{"{ from: fixed }", "fixed keys need access_key_id"},
             Case{"{ from: instance, access_key_id: A, secret_access_key: s }", "these keys are not used"},
             Case{"{ from: instance, role_arn: \"arn:aws:iam::1:role/x\" }", "role_arn is for a web identity"},
             Case{"{ web_identity_token_file: token }", "role_arn is missing"},
             Case{"{ role_arn: role/x }", "a role is arn:aws:iam::ACCOUNT:role/NAME"},
             Case{"{ role_arn: \"arn:aws:iam::1:role/x\", access_key_id: A, secret_access_key: s }", "assume no role"},
             Case{"{ role_arn: \"arn:aws:iam::1:role/x\", federated: { issuer: us, subject: s }, "
                  "web_identity_token_file: f }",
                  "two web identities"},
             Case{"{ role_arn: \"arn:aws:iam::1:role/x\", federated: { issuer: uss, subject: s } }",
                  "there is no issuer 'uss'; did you mean 'us'?"},
             Case{"{ endpoint: { url: \"http://x\" } }", "say by 'from' whose endpoint it is"},
             Case{"{ from: environment, endpoint: { url: \"http://x\" } }", "nobody is asked for these keys"},
             Case{"{ from: instance, endpoint: { url: \"service://x\" } }", "'through: service://NAME'"},
             Case{"{ from: instance, endpoint: { through: \"ftp://x\" } }", "write service://NAME"},
             Case{"{ from: web_identity, session_name: \"a b\" }", "it has 2 to 64 letters"},
             Case{"{ duration: 1m }", "15m"},
             Case{"{ access_key_id: \"A\\nB\", secret_access_key: s }", "one line of printable characters"},
             Case{"{ access_key_id: A, secret_access_key: \"s\\r\" }", "one line of printable characters"},
             Case{"{ access_key_id: A, secret_access_key: s, session_token: \"t\\n\" }",
                  "one line of printable characters"},
         }) {
        CAPTURE(one.keys);
        const std::string errors =
            errors_of(with(std::string("{ region: eu-central-1, service: s3, keys: ") + one.keys + " }"));
        CHECK_MESSAGE(errors.contains(one.error), errors);
    }
    CHECK(errors_of(with("{ service: s3 }")).contains("region"));
    CHECK(errors_of(with("{ region: Frankfurt, service: s3 }")).contains("written in lower case"));
    CHECK(errors_of(with("{ region: eu-central-1, service: s3, payload: unsigned }", "http://example.com"))
              .contains("an unsigned payload needs TLS"));
    CHECK(errors_of(with("{ region: eu-central-1, service: s3, body_bytes: 1GiB }")).contains("64MiB"));
}

TEST_CASE("no other credential writes what the signature covers") {
    const std::string sigv4 = "{ region: eu-central-1, service: s3 }";
    for (const char* name : {"x-amz-date", "X-Amz-Security-Token", "x-amz-content-sha256", "x-amz-meta-gateway"}) {
        CAPTURE(name);
        const std::string errors = errors_of(with(sigv4 + ", header: [{ name: " + name + ", value: x }]"));
        CHECK_MESSAGE(errors.contains("aws_sigv4 signs all x-amz- headers"), errors);
    }
    CHECK(errors_of(with(sigv4 + ", header: [{ name: authorization, value: x }]"))
              .contains("is written by aws_sigv4 already"));
    CHECK(errors_of(with(sigv4 + ", header: [{ name: x-gateway, value: x }]")).empty());
}

TEST_CASE("a credential has no header that the connector writes itself") {
    for (const char* name :
         {"X-Request-Id", "via", "traceparent", "forwarded", "x-forwarded-for", "x-forwarded-anything"}) {
        CAPTURE(name);
        const std::string errors = errors_of(
            with("{ region: eu-central-1, service: s3 }, header: [{ name: " + std::string(name) + ", value: x }]"));
        CHECK_MESSAGE(errors.contains("the connector writes it itself"), errors);
    }
}

TEST_CASE("the fields by which a subject token is asked for are fields") {
    const auto errors_with = [](const std::string& headers) {
        return errors_of(
            with("{ region: eu-central-1, service: s3, keys: {} }, gcp_federated: { header: x-google, "
                 "provider: projects/1/locations/global/workloadIdentityPools/p/providers/x, "
                 "subject_token_url: { url: \"https://example.com\" }, subject_token_headers: " +
                 headers + " }"));
    };
    CHECK(errors_with("{ authorization: Bearer x }").empty());
    CHECK(errors_with("{ authorization: \"Bearer x\\n\" }").contains("one line of printable characters"));
    const std::string bad_name = errors_with("{ \"a b\": x }");
    CHECK_MESSAGE(bad_name.contains("is not a name"), bad_name);
}

}  // namespace adit::config
