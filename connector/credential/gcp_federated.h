// Workload identity federation with Google Cloud: a token of another's for one of Google's (RFC 8693), and with that
// one of a service account.
#pragma once

#include "connector/credential/sources.h"

namespace adit::credential {

Result<fetch::Fetch> fetch_gcp_federated(const config::GcpFederated& settings, const Sources& sources);

}  // namespace adit::credential
