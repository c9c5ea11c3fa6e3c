// Tokens of Entra ID (v2.0) for an application: by secret, certificate, or another issuer's token.
#pragma once

#include "connector/credential/sources.h"

namespace adit::credential {

Result<fetch::Fetch> fetch_azure_ad(const config::AzureAd& settings, const Sources& sources);

}  // namespace adit::credential
