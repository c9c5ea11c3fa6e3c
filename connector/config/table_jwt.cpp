// The jwt policy.
#include <algorithm>
#include <array>

#include "common/base/strings.h"
#include "common/config/collections.h"
#include "connector/config/table_parts.h"
#include "connector/config/url.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

constexpr std::array<std::string_view, 10> kAlgorithms{"RS256", "RS384", "RS512", "PS256", "PS384",
                                                       "PS512", "ES256", "ES384", "ES512", "EdDSA"};

/// RFC 8725 §3.1 and §3.2: the algorithm is the verifier's choice, and a choice of ones that need a private key.
Result<std::string> parse_signature_algorithm(std::string_view text) {
    if (std::ranges::find(kAlgorithms, text) != kAlgorithms.end()) return std::string(text);
    if (iequals(text, "none")) return usage_error("a token without a signature proves nothing; it is never accepted");
    if (text.starts_with("HS"))
        return usage_error("whoever can check a token of " + std::string(text) +
                           " can also make one; have the issuer sign with RS256, ES256 or EdDSA");
    const std::vector<std::string> known(kAlgorithms.begin(), kAlgorithms.end());
    const auto meant = closest_match(text, known);
    return usage_error(meant ? "did you mean " + *meant + "?" : "RS, PS or ES with 256, 384 or 512, or EdDSA");
}

Result<std::string> parse_jwks_url(std::string_view text) {
    if (auto url = parse_trusted_url(text); !url) return std::unexpected(std::move(url.error()));
    return std::string(text);
}

/// RFC 9110 §5.6.2; in lower case.
Result<std::string> parse_token_header(std::string_view text) {
    static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    const bool good = !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMarks.contains(c);
    });
    if (!good) return usage_error("it has a character that a field name cannot have");
    return to_lower(text);
}

class TokenHeader : public Parsed<std::string> {
  public:
    TokenHeader() : Parsed("the name of a header field", parse_token_header) {}
    std::string show(const std::string& value) const { return value; }
};

void check_keys(const Node& node, const JwtPolicy& policy, Diagnostics& diagnostics) {
    const auto* file = node.find("jwks_file");
    const auto* url = node.find("jwks_url");
    if (file && url) diagnostics.error(file->key_place, "jwks_url and jwks_file: the keys come from one of them");
    for (const char* key : {"ca", "through", "refresh", "stale"})
        if (const auto* member = node.find(key); member && file)
            diagnostics.error(member->key_place, std::string(key) + " means nothing to keys from a file");
    if (file || url) return;
    if (auto issuer = parse_trusted_url(policy.issuer); !issuer)
        diagnostics.error(place_of(node, {"issuer"}), "the issuer's keys cannot be discovered (" +
                                                          issuer.error().message + "); say jwks_url or jwks_file");
    else if (policy.issuer.contains('?'))
        diagnostics.error(place_of(node, {"issuer"}),
                          "an issuer has no query (RFC 8414 §2); say jwks_url or jwks_file");
}

void check_lists(const Node& node, const JwtPolicy& policy, Diagnostics& diagnostics) {
    if (const auto* audiences = node.find("audiences"); audiences && policy.audiences.empty())
        diagnostics.error(audiences->value.place,
                          "a token for anybody is a token for somebody else: name the audience that is you");
    if (const auto* algorithms = node.find("algorithms"); algorithms && policy.algorithms.empty())
        diagnostics.error(algorithms->value.place, "an empty list accepts no token; leave it out for the usual ones");
    if (node.find("environment") && node.find("environment_claim"))
        diagnostics.error(node.find("environment")->key_place,
                          "environment and environment_claim: a caller's environment comes from one of them");
    if (policy.stale < policy.refresh)
        diagnostics.error(place_of(node, {node.find("stale") ? "stale" : "refresh"}),
                          "keys are given up (stale) before new ones are fetched (refresh)");
}

Result<std::string> parse_through(std::string_view text) {
    static constexpr std::string_view kService = "service://";
    if (text == "environment" || text.starts_with("http://")) return std::string(text);
    if (text.starts_with(kService) && is_name(text.substr(kService.size()))) return std::string(text);
    return usage_error("service://NAME, http://host:port of a proxy, or environment");
}

/// Text that may hold a proxy's password.
class Through : public Parsed<std::string> {
  public:
    Through() : Parsed("a way to the keys", parse_through, InErrors::left_out) {}
    Schema schema() const {
        Schema text = Parsed::schema();
        text.secret = true;
        return text;
    }
};

}  // namespace

yaml::Object<JwtPolicy> jwt_policy_table() {
    return Object<JwtPolicy>("jwt", "A signed token (RFC 7519) of an issuer.")
        .required("issuer", &JwtPolicy::issuer, Text(), "Who must have issued it (iss), exactly as the token says it.")
        .required("audiences", &JwtPolicy::audiences, List(Text(), bounds::audiences),
                  "For whom it must be: one of these is in its aud.")
        .field("algorithms", &JwtPolicy::algorithms,
               List(Parsed<std::string>("an algorithm of signatures", parse_signature_algorithm), kAlgorithms.size()),
               "With which it may be signed; RS256, PS256, ES256 and EdDSA when left out.")
        .field("jwks_url", &JwtPolicy::jwks_url,
               Parsed<std::string>("the URL of a key set", parse_jwks_url, InErrors::left_out),
               "Where the issuer's keys are; when left out, where its openid-configuration says.")
        .field("jwks_file", &JwtPolicy::jwks_file, Path(), "A file with the keys instead, read again when it changes.")
        .field("ca", &JwtPolicy::ca, Path(),
               "PEM file with the CAs that the keys' server is checked against; the system's when left out.")
        .field("through", &JwtPolicy::through, Through(),
               "How the keys are reached: service://NAME by a tunnel, http://host:port by a proxy, environment as "
               "HTTPS_PROXY says; directly when left out.")
        .field("header", &JwtPolicy::header, TokenHeader(),
               "The field in which the token stands: after Bearer in authorization, alone in others.")
        .field("clock_skew", &JwtPolicy::clock_skew, Duration(0ms, bounds::max_clock_skew),
               "How far the issuer's clock may be from ours.")
        .field("refresh", &JwtPolicy::refresh, Duration(bounds::min_jwks_refresh, bounds::max_jwks_refresh),
               "How often the keys are fetched; an unknown key (kid) fetches them at once, every ten seconds at most.")
        .field("stale", &JwtPolicy::stale, Duration(bounds::min_jwks_refresh, bounds::max_jwks_stale),
               "How long keys go on being used while no others can be fetched.")
        .field("consumer_claim", &JwtPolicy::consumer_claim, Text(),
               "The claim that is the consumer's name, for tokens that no consumer lists.")
        .field("environment_claim", &JwtPolicy::environment_claim, Text(), "The claim that is its environment.")
        .field("environment", &JwtPolicy::environment, Text(), "Its environment instead.")
        .field("claims", &JwtPolicy::claims, List(Text(), bounds::attributes),
               "Claims that become attributes of the caller; a.b is the member b of a.")
        .field("listed_only", &JwtPolicy::listed_only, Boolean(),
               "Whether a token must be listed by a consumer (tokens).")
        .rule(check_keys)
        .rule(check_lists);
}

}  // namespace adit::config
