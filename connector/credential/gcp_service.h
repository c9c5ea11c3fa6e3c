// Tokens of a service account of Google Cloud: by its key (RFC 7523), or from the machine's metadata server.
#pragma once

#include "connector/credential/sources.h"

namespace adit::credential {

Result<fetch::Fetch> fetch_gcp_service(const config::GcpService& settings, const Sources& sources);

}  // namespace adit::credential
