// Making the credentials that a backend is configured with.
#pragma once

#include <filesystem>
#include <set>
#include <vector>

#include "connector/admin/metrics.h"
#include "connector/backend/credential.h"
#include "connector/config/config.h"
#include "connector/credential/sources.h"

namespace adit::credential {

/// `metrics` may be null. Fails when a file cannot be used.
Result<backend::Credentials> make_credentials(const config::Backend& backend, const Sources& sources,
                                              ConnectorMetrics* metrics);

/// The files that are read for it, so that their change can be noticed. Those that are read anew for each token are not
/// among them.
std::vector<std::filesystem::path> files_of(const config::Credential& credential);
/// Those: tokens that somebody else renews, also where the environment names them (AWS).
std::set<std::filesystem::path> renewed_files_of(const config::Credential& credential);

}  // namespace adit::credential
