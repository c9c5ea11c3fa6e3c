// What an issuer's metadata say: where its keys are (OpenID Connect Discovery, RFC 8414). Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "connector/config/url.h"

namespace adit::policy {

/// OpenID Connect Discovery §4.1: behind the issuer's path.
config::Url openid_metadata(const config::Url& issuer);
/// RFC 8414 §3.1: before the issuer's path.
config::Url oauth_metadata(const config::Url& issuer);

/// The URL of the key set, as `document` from the URL `from` has it. Fails when the document is another issuer's, or
/// when nobody could trust what comes from there.
Result<config::Url> key_set_url(std::string_view document, const std::string& from, std::string_view issuer);

}  // namespace adit::policy
