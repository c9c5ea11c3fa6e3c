// Reading the file of a key; see account_key.h.
#include "connector/credential/account_key.h"

#include <boost/json/parse.hpp>

#include "common/base/secret.h"
#include "common/base/secret_scope.h"

namespace adit::credential {
namespace json = boost::json;

Result<AccountKey> parse_account_key(std::string_view text) {
    const SecretScope scope;  // of the JSON
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error || !value.is_object()) {
        return usage_error("the service account's key is no JSON object");
    }
    const auto member = [&](std::string_view name) {
        const json::value* found = value.as_object().if_contains(name);
        return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
    };
    AccountKey account{.email = member("client_email"), .key_id = member("private_key_id"), .key = nullptr};
    std::string pem = member("private_key");
    if (account.email.empty() || pem.empty()) {
        return usage_error("the service account's key has no client_email or no private_key");
    }
    if (std::string uri = member("token_uri"); !uri.empty()) {
        account.token_uri = std::move(uri);
    }
    auto key = jose::SigningKey::from_pem(pem, jose::Algorithm::rs256);
    wipe_memory(pem.data(), pem.size());
    if (!key) {
        return std::unexpected(std::move(key.error()).with("the private_key of the service account's key"));
    }
    account.key = std::make_shared<const jose::SigningKey>(std::move(*key));
    return account;
}

}  // namespace adit::credential
