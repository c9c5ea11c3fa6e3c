// How a message is signed, and what an answer to it means: Standard Webhooks 1.0 (standardwebhooks.com). Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "connector/event/event.h"
#include "connector/fetch/client.h"

namespace adit::event {

/// The key in a secret as it is configured: what "whsec_" stands before in base64, else the text itself.
Result<Secret> webhook_key(std::string_view secret);

/// POST with webhook-id, webhook-timestamp and webhook-signature.
fetch::Request webhook_request(const Message& message, const Secret& key, const std::string& target, WallTime now);

}  // namespace adit::event
