// A token of a caller (JWS, JWT). A key that signs as the fuzzer says shows it the way to the claims; without it every
// input ends at the signature.
#include <array>

#include "common/jose/jose.h"
#include "common/jose/json_strict.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;
using namespace std::chrono_literals;

const jose::SigningKey& key() {
    static const auto key = jose::SigningKey::from_pem(
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n");
    return *key;
}

const jose::KeySet& keys() {
    static const auto keys = jose::KeySet::parse(
        R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
    return *keys;
}

const jose::Requirements kRequirements{
    .issuer = "i", .audiences = {"a"}, .algorithms = {jose::Algorithm::eddsa, jose::Algorithm::es256}};
constexpr WallTime kNow{2'000'000'000s};

/// What the fuzzer says as header and claims, signed well.
void verify_signed(const boost::json::object& header, const boost::json::object& claims) {
    const std::string good = key().sign(header, claims);
    const auto read = jose::verify(good, keys(), kRequirements, kNow);
    if (!read) {
        fuzz::demand(!read.error().words.empty(), "a refusal says why");
        return;
    }
    fuzz::demand(*read == claims, "what is believed is what was signed");
    fuzz::demand(read->at("iss") == "i", "the issuer is the one that is wanted");
    const boost::json::value& audience = read->at("aud");
    bool meant = audience == "a";
    for (std::size_t i = 0; audience.is_array() && i < audience.get_array().size(); ++i) {
        meant = meant || audience.get_array()[i] == "a";
    }
    fuzz::demand(meant, "it is meant for us");
    const boost::json::value& end = read->at("exp");
    fuzz::demand(end.is_number() && end.to_number<double>() > 2e9 - 31, "it has not ended");
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    const auto claims = jose::verify(input, keys(), kRequirements, kNow);
    demand(!claims && !claims.error().words.empty(), "nobody else has signed anything that is good here");
    static_cast<void>(jose::key_id(input));
    static_cast<void>(jose::claimed_issuer(input));

    const std::string good = key().sign({{"kid", "k"}, {"x", input}}, {{"iss", "i"}, {"aud", input}, {"exp", 2e9 + 9}});
    demand(jose::verify(good, keys(), kRequirements, kNow).has_value() == (input == "a") ||
               good.size() > kRequirements.most,
           "only the right audience will do");
    // Header and claims, with an empty line between them.
    const std::size_t middle = input.find("\n\n");
    const auto said = jose::parse_strict(middle == std::string_view::npos ? input : input.substr(middle + 2));
    const auto header = middle == std::string_view::npos
                            ? boost::json::object{{"kid", "k"}}
                            : jose::parse_strict(input.substr(0, middle)).value_or(boost::json::object());
    if (said) {
        verify_signed(header, *said);
    }
}
