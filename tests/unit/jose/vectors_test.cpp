// The examples of RFC 7515, RFC 7638 and RFC 8037.
#include <doctest/doctest.h>

#include <boost/json/parse.hpp>

#include "common/jose/jwk.h"
#include "tests/unit/jose/samples.h"

using namespace adit;
using namespace adit::jose;
using namespace adit::jose::samples;

namespace {

const std::string kPayload =  // {"iss":"joe", "exp":1300819380, "http://example.com/is_root":true}
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const WallTime kThen{std::chrono::seconds(1'300'819'000)};

std::expected<boost::json::object, Refusal> verified(std::string_view token, const std::string& jwk,
                                                     Algorithm algorithm) {
    const auto keys = KeySet::parse(in_set(jwk));
    REQUIRE(keys);
    REQUIRE(keys->size() == 1);
    return verify(token, *keys, {.issuer = "joe", .audiences = {}, .algorithms = {algorithm}}, kThen);
}

}  // namespace

TEST_CASE("RFC 7515 A.2: RS256") {
    const auto claims = verified(
        "eyJhbGciOiJSUzI1NiJ9." + kPayload +
            ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
            "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7"
            "K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs9"
            "8rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        rsa_jwk(), Algorithm::rs256);
    REQUIRE(claims);
    CHECK(claims->at("http://example.com/is_root").as_bool());
}

TEST_CASE("RFC 7515 A.3: ES256") {
    const auto claims =
        verified("eyJhbGciOiJFUzI1NiJ9." + kPayload +
                     ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
                 ec_jwk(), Algorithm::es256);
    REQUIRE(claims);
    CHECK(claims->at("iss") == "joe");
}

TEST_CASE("RFC 7515 A.4 and RFC 8037 A.4: good signatures, over texts that are no claims") {
    const auto p521 = verified(
        "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA."
        "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7Xdt"
        "AG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
        ec_jwk({}, "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
               "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2", "P-521"),
        Algorithm::es512);
    CHECK(p521.error().flaw == Flaw::malformed);
    CHECK(p521.error().words.starts_with("its claims"));
    const auto ed25519 = verified(
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        ed_jwk(), Algorithm::eddsa);
    CHECK(ed25519.error().flaw == Flaw::malformed);
    CHECK(ed25519.error().words.starts_with("its claims"));
}

TEST_CASE("RFC 7638 3.1 and RFC 8037 A.3: thumbprints") {
    const auto rsa = boost::json::parse(
        R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})");
    const auto read = read_jwk(rsa.as_object());
    REQUIRE(read);
    CHECK(thumbprint_of(numbers_of(read->key.get())) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    const auto okp = read_jwk(boost::json::parse(ed_jwk()).as_object());
    REQUIRE(okp);
    CHECK(thumbprint_of(numbers_of(okp->key.get())) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}
