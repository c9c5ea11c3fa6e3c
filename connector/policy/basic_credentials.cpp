// Decoding and splitting; see basic_credentials.h.
#include "connector/policy/basic_credentials.h"

#include <string>

#include "common/base/encoding.h"

namespace adit::policy {

std::expected<BasicCredentials, const char*> BasicCredentials::read(std::string_view text) {
    auto bytes = base64_decode(text);
    if (!bytes) {
        return std::unexpected("the credentials are not in base64");
    }
    Secret plain(std::string(bytes->begin(), bytes->end()));
    wipe_memory(bytes->data(), bytes->size());
    // RFC 7617 §2: the first colon ends the user's name.
    const std::size_t colon = plain.reveal().find(':');
    if (colon == std::string_view::npos) {
        return std::unexpected("the credentials have no colon");
    }
    return BasicCredentials(std::move(plain), colon);
}

}  // namespace adit::policy
