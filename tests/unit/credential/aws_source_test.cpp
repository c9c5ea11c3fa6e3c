// Where AWS keys come from, by configuration and environment.
#include "connector/credential/aws_source.h"

#include <doctest/doctest.h>

#include <map>

#include "connector/credential/aws_caller_identity.h"
#include "connector/credential/uri_encoding.h"

using namespace adit;
using namespace adit::credential;
using config::AwsKeys;

namespace {

using Variables = std::map<std::string, std::string>;

Environment of(const Variables& variables) {
    return [variables](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    };
}

Result<AwsSource> choose(const Variables& variables, AwsKeys keys = {}, const std::string& region = "eu-west-1") {
    return choose_aws_source(keys, region, of(variables));
}

const Variables kKeys{{"AWS_ACCESS_KEY_ID", "AKIA1"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}};
const Variables kIdentity{{"AWS_ROLE_ARN", "arn:aws:iam::1:role/x"},
                          {"AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"},
                          {"AWS_ROLE_SESSION_NAME", "pod"}};
const Variables kContainer{{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1?x=y"}};

Variables all(std::initializer_list<Variables> parts) {
    Variables sum;
    for (const Variables& part : parts) {
        sum.insert(part.begin(), part.end());
    }
    return sum;
}

}  // namespace

TEST_CASE("without a choice the first that is there is taken, in the order of AWS's own libraries") {
    CHECK(std::holds_alternative<FixedKeys>(*choose(all({kKeys, kIdentity, kContainer}))));
    CHECK(std::holds_alternative<WebIdentitySource>(*choose(all({kIdentity, kContainer}))));
    CHECK(std::holds_alternative<ContainerSource>(*choose(kContainer)));
    CHECK(std::holds_alternative<InstanceSource>(*choose({})));
    CHECK_FALSE(choose({{"AWS_EC2_METADATA_DISABLED", "TRUE"}}));
}

TEST_CASE("what the configuration says goes before the environment") {
    AwsKeys keys;
    keys.access_key_id = "AKIA2";
    keys.secret_access_key = SharedSecret("s2");
    CHECK(std::get<FixedKeys>(*choose(kKeys, keys)).credentials.access_key_id == "AKIA2");
    keys = {};
    keys.role_arn = "arn:aws:iam::2:role/y";
    keys.web_identity_token_file = "/elsewhere";
    const auto source = choose(all({kKeys, kIdentity}), keys);
    const auto& identity = std::get<WebIdentitySource>(*source);
    CHECK(identity.role_arn == "arn:aws:iam::2:role/y");
    CHECK(identity.token_file == "/elsewhere");
    CHECK(identity.session_name == "adit");
    keys = {};
    keys.from = AwsKeys::From::instance;
    CHECK(std::holds_alternative<InstanceSource>(*choose(kKeys, keys)));
    keys.from = AwsKeys::From::container;
    CHECK_FALSE(choose(kKeys, keys));
    keys.from = AwsKeys::From::web_identity;
    CHECK_FALSE(choose(kKeys, keys));
    keys.from = AwsKeys::From::environment;
    CHECK_FALSE(choose({{"AWS_ACCESS_KEY_ID", "AKIA1"}}, keys));
}

TEST_CASE("what of the environment goes into headers is one printable line") {
    for (const char* variable : {"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"}) {
        Variables keys = kKeys;
        keys[variable] += "\r\nx: y";
        const auto source = choose(keys);
        REQUIRE_FALSE(source);
        CHECK(source.error().message.contains(variable));
    }
    const auto source = choose(all({kContainer, {{"AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret\n"}}}));
    REQUIRE_FALSE(source);
    CHECK(source.error().message.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
}

TEST_CASE("a web identity is that of the environment, at STS of the region") {
    const auto source = choose(kIdentity);
    const auto& identity = std::get<WebIdentitySource>(*source);
    CHECK(identity.role_arn == "arn:aws:iam::1:role/x");
    CHECK(identity.session_name == "pod");
    CHECK(identity.token_file == "/var/run/token");
    CHECK(identity.sts.text() == "https://sts.eu-west-1.amazonaws.com:443");
    CHECK(sts_endpoint("cn-north-1").host == "sts.cn-north-1.amazonaws.com.cn");
    CHECK(sts_endpoint("").host == "sts.us-east-1.amazonaws.com");
    CHECK(aws_region("", of({{"AWS_REGION", "a"}, {"AWS_DEFAULT_REGION", "b"}})) == "a");
    CHECK(aws_region("c", of({{"AWS_REGION", "a"}})) == "c");
    CHECK(aws_region("", of({})).empty());
}

TEST_CASE("a container's agent is where ECS or EKS say, with their token") {
    const auto relative = choose(kContainer);
    const auto& ecs = std::get<ContainerSource>(*relative);
    CHECK(ecs.endpoint.text() == "http://169.254.170.2:80");
    CHECK(ecs.target == "/v2/credentials/1?x=y");
    const auto full = choose({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},
                              {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"},
                              {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret"}});
    const auto& eks = std::get<ContainerSource>(*full);
    CHECK(eks.endpoint.text() == "http://169.254.170.23:80");
    CHECK(eks.target == "/v1/credentials");
    CHECK(eks.authorization_file == "/token");
    CHECK(eks.authorization.reveal() == "secret");
}

TEST_CASE("keys come in clear text only from where nobody can be in between") {
    const auto from = [](const char* url) { return choose({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}}).has_value(); };
    for (const char* url : {"https://example.com/x", "http://127.0.0.1:8080/x", "http://127.1.2.3", "http://[::1]:80/x",
                            "http://localhost/x", "http://169.254.170.2/x", "http://[fd00:ec2::23]/x"}) {
        CAPTURE(url);
        CHECK(from(url));
    }
    for (const char* url : {"http://example.com/x", "http://169.254.169.254/x", "http://10.0.0.1/", "ftp://localhost/",
                            "service://x", "localhost/x", "http://localhost.example.com/", "http://user@127.0.0.1/"}) {
        CAPTURE(url);
        CHECK_FALSE(from(url));
    }
    CHECK_FALSE(choose({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.com/"}}));
}

TEST_CASE("an instance's metadata may be elsewhere") {
    CHECK(std::get<InstanceSource>(*choose({})).endpoint.text() == "http://169.254.169.254:80");
    CHECK(std::get<InstanceSource>(*choose({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://localhost:1338/"}}))
              .endpoint.text() == "http://localhost:1338");
    CHECK(std::get<InstanceSource>(*choose({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}})).endpoint.text() ==
          "http://[fd00:ec2::254]:80");
    CHECK_FALSE(choose({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "nonsense"}}));
}

TEST_CASE("a proof for Google is a signed GetCallerIdentity that names whom it is for") {
    const AwsCredentials keys{"ASIA1", Secret("secret"), Secret("token")};
    const std::string audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x";
    const std::string proof =
        aws_subject_token(keys, "eu-west-1", audience, parse_time("2026-01-02T03:04:05Z").value());
    CHECK(proof.starts_with("%7B%22url%22%3A%22https%3A%2F%2Fsts.eu-west-1.amazonaws.com"));
    const std::string text = uri_decode(proof);
    CHECK(text.contains(R"("url":"https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15")"));
    CHECK(text.contains(R"("method":"POST")"));
    CHECK(text.contains(R"({"key":"x-goog-cloud-target-resource","value":")" + audience + R"("})"));
    CHECK(text.contains(R"({"key":"x-amz-security-token","value":"token"})"));
    CHECK(text.contains("SignedHeaders=host;x-amz-date;x-amz-security-token;x-goog-cloud-target-resource,"));
    CHECK(text.contains("Credential=ASIA1/20260102/eu-west-1/sts/aws4_request"));
    CHECK_FALSE(text.contains("\"secret\""));
}
