// JWTs by which we prove to a provider who we are, signed by an issuer of ours or by a key in a file.
#pragma once

#include <functional>
#include <string>

#include "common/base/error.h"
#include "connector/config/credential.h"
#include "connector/credential/issuer.h"

namespace adit::credential {

/// Signs a fresh one; any thread.
using Signer = std::function<Result<std::string>()>;

/// What an assertion says where its configuration leaves it out.
struct AssertionDefaults {
    std::string subject;
    std::string audience;
};

/// Reads the key and the certificate. A key's assertion has its subject as issuer (RFC 7523 §3), an issuer's has that
/// issuer's URL.
Result<Signer> make_signer(const config::Assertion& assertion, const AssertionDefaults& otherwise,
                           const Issuers& issuers);

}  // namespace adit::credential
