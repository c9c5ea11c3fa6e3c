// Signing assertions; see assertion.h.
#include "connector/credential/assertion.h"

#include "common/base/file.h"
#include "common/base/random.h"
#include "common/base/secret.h"
#include "common/base/secret_scope.h"

namespace adit::credential {
namespace {

constexpr std::chrono::seconds kLife{300};  ///< Entra ID takes ten minutes at most
constexpr std::size_t kPemMost = 64 * 1024;

Result<Signer> by_issuer(const config::Assertion& assertion, const AssertionDefaults& with, const Issuers& issuers) {
    const auto found = issuers.find(assertion.issuer);
    if (found == issuers.end()) {
        return usage_error("there is no issuer '" + assertion.issuer + "'");
    }
    const auto named = jose::parse_algorithm(assertion.algorithm);
    return [issuer = found->second, with, algorithm = named.value_or(kFederationAlgorithm)] {
        return issuer->sign_assertion(with.audience, with.subject, kLife, algorithm);
    };
}

boost::json::object claims_of(const AssertionDefaults& with) {
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    return {{"iss", with.subject}, {"sub", with.subject},        {"aud", with.audience},    {"iat", now},
            {"nbf", now},          {"exp", now + kLife.count()}, {"jti", random_base62(22)}};
}

Result<Signer> by_key(const config::Assertion& assertion, const AssertionDefaults& with) {
    const SecretScope scope;
    auto pem = read_file(assertion.key, kPemMost);
    if (!pem) {
        return std::unexpected(std::move(pem.error()));
    }
    auto key = jose::SigningKey::from_pem(*pem, jose::parse_algorithm(assertion.algorithm));
    wipe_memory(pem->data(), pem->size());
    if (!key) {
        return std::unexpected(std::move(key.error()).with(assertion.key.string()));
    }
    boost::json::object header;
    if (!assertion.key_id.empty()) {
        header["kid"] = assertion.key_id;
    }
    if (!assertion.certificate.empty()) {
        auto certificate = read_file(assertion.certificate, kPemMost);
        if (!certificate) {
            return std::unexpected(std::move(certificate.error()));
        }
        auto thumbprint = jose::x5t_s256(*certificate);
        if (!thumbprint) {
            return std::unexpected(std::move(thumbprint.error()).with(assertion.certificate.string()));
        }
        header["x5t#S256"] = *thumbprint;
    }
    auto shared = std::make_shared<const jose::SigningKey>(std::move(*key));
    return [shared, header, with]() -> Result<std::string> { return shared->sign(header, claims_of(with)); };
}

}  // namespace

Result<Signer> make_signer(const config::Assertion& assertion, const AssertionDefaults& otherwise,
                           const Issuers& issuers) {
    const AssertionDefaults with{assertion.subject.empty() ? otherwise.subject : assertion.subject,
                                 assertion.audience.empty() ? otherwise.audience : assertion.audience};
    return assertion.issuer.empty() ? by_key(assertion, with) : by_issuer(assertion, with, issuers);
}

}  // namespace adit::credential
