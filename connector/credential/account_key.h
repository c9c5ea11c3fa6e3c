// The key of a service account of Google Cloud, as its downloaded file has it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/jose/jose.h"

namespace adit::credential {

struct AccountKey {
    std::string email;
    std::string key_id;  ///< may be empty
    std::string token_uri = "https://oauth2.googleapis.com/token";
    std::shared_ptr<const jose::SigningKey> key;
};

/// Fails when the file (JSON) has no e-mail address or no RSA key; the error repeats nothing of it.
Result<AccountKey> parse_account_key(std::string_view text);

}  // namespace adit::credential
