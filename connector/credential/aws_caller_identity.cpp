// Signing a call that another will make; see aws_caller_identity.h.
#include "connector/credential/aws_caller_identity.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "connector/credential/aws_source.h"
#include "connector/credential/uri_encoding.h"

namespace adit::credential {
namespace {

constexpr std::string_view kTarget = "x-goog-cloud-target-resource";
constexpr std::string_view kQuery = "?Action=GetCallerIdentity&Version=2011-06-15";

}  // namespace

std::string aws_subject_token(const AwsCredentials& credentials, const std::string& region, std::string_view audience,
                              WallTime now) {
    const std::string host = sts_endpoint(region).host;
    const SigningKey key(credentials.secret_access_key, amz_day(now),
                         {region.empty() ? std::string("us-east-1") : region, "sts"});
    const SigningInput input{.method = "POST",
                             .path = "/",
                             .query = kQuery,
                             .fields = {{"host", host}, {kTarget, audience}},
                             .payload_hash = PayloadHash::implied,
                             .body = {}};
    boost::json::array headers;
    const auto add = [&](std::string_view name, std::string_view value) {
        headers.push_back(boost::json::object{{"key", name}, {"value", value}});
    };
    for (const auto& [name, value] : sign_request(input, credentials, key, now)) {
        add(name == "authorization" ? "Authorization" : name, value);
    }
    add("host", host);
    add(kTarget, audience);
    const boost::json::object described{
        {"url", "https://" + host + "/" + std::string(kQuery)}, {"method", "POST"}, {"headers", std::move(headers)}};
    return uri_encode(boost::json::serialize(described));
}

}  // namespace adit::credential
