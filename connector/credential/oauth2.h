// Tokens by the client credentials grant (RFC 6749 §4.4).
#pragma once

#include "connector/credential/sources.h"

namespace adit::credential {

Result<fetch::Fetch> fetch_oauth2(const config::OAuth2ClientCredentials& settings, const Sources& sources);

}  // namespace adit::credential
