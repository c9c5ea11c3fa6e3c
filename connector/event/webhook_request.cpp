// Signing; see webhook_request.h.
#include "connector/event/webhook_request.h"

#include <chrono>

#include "common/base/encoding.h"
#include "common/tls/digest.h"

namespace adit::event {
namespace {

constexpr std::string_view kPrefix = "whsec_";

}  // namespace

Result<Secret> webhook_key(std::string_view secret) {
    if (!secret.starts_with(kPrefix)) {
        return secret.empty() ? Result<Secret>(usage_error("the secret is empty")) : Secret(std::string(secret));
    }
    auto key = base64_decode(secret.substr(kPrefix.size()));
    if (!key || key->empty()) {
        return usage_error("behind whsec_ stands no base64");
    }
    Secret made(std::string(key->begin(), key->end()));
    wipe_memory(key->data(), key->size());
    return made;
}

fetch::Request webhook_request(const Message& message, const Secret& key, const std::string& target, WallTime now) {
    const std::string timestamp =
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    const std::string_view bytes = key.reveal();
    const auto code = tls::hmac_sha256({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                                       message.id + "." + timestamp + "." + message.body);
    return {.method = "POST",
            .target = target,
            .fields = {{"content-type", "application/json"},
                       {"webhook-id", message.id},
                       {"webhook-timestamp", timestamp},
                       {"webhook-signature", "v1," + base64_encode(code)}},
            .body = message.body,
            .head_suffices = true};
}

}  // namespace adit::event
