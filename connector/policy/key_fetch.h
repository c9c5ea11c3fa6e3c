// Where the keys of an issuer come from: a file, a URL, or what the issuer's metadata say.
#pragma once

#include <memory>

#include "connector/config/trust.h"
#include "connector/fetch/desk.h"
#include "connector/fetch/keeper.h"

namespace adit::policy {

/// Makes Keys, for a keeper. Fails when a file or a CA cannot be used.
Result<fetch::Fetch> key_fetch(fetch::Desk& desk, const config::JwtPolicy& policy);

}  // namespace adit::policy
